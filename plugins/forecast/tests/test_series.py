"""Files become series on a grid, and what is odd about them is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from seqgen_forecast.series import Series, read_series
from seqgen_forecast.settings import ForecastSettings
from some_series import hourly_table, written

from seqgen import Remark, UnusableFile


def read(path, **settings) -> tuple[list[Series], list[str]]:
    """Returns the series of a file, and the texts of the remarks."""
    parts = list(read_series(path, ForecastSettings(**settings)))
    remarks = [part.text for part in parts if isinstance(part, Remark)]
    return [part for part in parts if isinstance(part, Series)], remarks


def test_a_wide_table_has_a_series_in_each_column_of_numbers(tmp_path):
    table = hourly_table(50).assign(note="dry")
    found, remarks = read(written(table, tmp_path / "a.csv"))
    assert [(one.name, one.step, len(one.values)) for one in found] == [("load", 3600, 50), ("price", 3600, 50)]
    np.testing.assert_allclose(found[0].values, table["load"])
    assert remarks == []


def test_parquet_is_read_like_csv(tmp_path):
    table = hourly_table(50)
    table["date"] = pd.to_datetime(table["date"])
    table.to_parquet(tmp_path / "a.parquet")
    found, _ = read(tmp_path / "a.parquet")
    np.testing.assert_array_equal(found[1].values, table["price"])
    table.set_index("date").to_parquet(tmp_path / "b.parquet")
    np.testing.assert_array_equal(read(tmp_path / "b.parquet")[0][1].values, table["price"])


def test_a_long_table_has_a_series_for_each_name(tmp_path):
    wide = hourly_table(30)
    long = wide.melt("date", var_name="station", value_name="megawatts")
    found, _ = read(written(long, tmp_path / "a.csv"), series_column="station")
    assert [one.name for one in found] == ["load", "price"]
    np.testing.assert_allclose(found[0].values, wide["load"])


def test_gaps_are_missing_values(tmp_path):
    table = hourly_table(40).drop(index=[5, 6, 20])
    table.loc[10, "load"] = None
    found, remarks = read(written(table, tmp_path / "a.csv"))
    assert np.flatnonzero(np.isnan(found[0].values)).tolist() == [5, 6, 10, 20]
    assert remarks == ["a missing value; the model is told that it is missing"] * 2


def test_a_repeated_time_stamp_gives_its_last_value(tmp_path):
    table = hourly_table(30)
    table.loc[30] = [table["date"][7], 99.0, 98.0]
    found, remarks = read(written(table, tmp_path / "a.csv"))
    assert found[0].values[7] == 99
    assert len(found[0].values) == 30
    assert "occurs twice" in remarks[0]


def test_an_hour_that_a_clock_repeats_is_two_hours_if_offsets_are_given(tmp_path):
    times = pd.date_range("2024-10-26 22:00", periods=30, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    table = pd.DataFrame({"time": [str(time) for time in times], "load": np.arange(30.0)})
    found, remarks = read(written(table, tmp_path / "a.csv"))
    assert found[0].values.tolist() == list(range(30))
    assert remarks == []


def test_months_are_a_regular_grid(tmp_path):
    table = pd.DataFrame({"month": pd.date_range("2020-01-01", periods=30, freq="MS").astype(str), "sales": range(30)})
    found, _ = read(written(table, tmp_path / "a.csv"))
    assert found[0].values.tolist() == list(range(30))


def test_irregular_time_stamps_are_refused_with_advice(tmp_path):
    seconds = np.cumsum(np.random.default_rng(0).integers(1, 10_000, 50))
    table = pd.DataFrame({"time": pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s"), "x": range(50)})
    parts = read_series(written(table, tmp_path / "a.csv"), ForecastSettings())
    remark = next(parts)
    assert remark.dropped
    assert "resample it to a fixed step" in remark.text
    with pytest.raises(UnusableFile, match="no column of numbers on a regular grid"):
        list(parts)


@pytest.mark.parametrize(
    ("content", "settings", "reason"),
    [
        ("x,y\n1,2\n3,4\n", {}, "no column with time stamps"),
        ("date,x\n2024-01-01,1\n2024-01-02,2\n", {"time_column": "day"}, "no column 'day'"),
        ("date,x\n2024-01-01,1\n2024-01-02,2\n", {"series_column": "id"}, "no column 'id'"),
        ("date,x\nsoon,1\nlater,2\n", {"time_column": "date"}, "no time stamps"),
        ("", {}, "not a table"),
        ("date,x\n2024-01-01,a\n2024-01-02,b\n", {}, "no column of numbers"),
        ("date,x\n1900-01-01 00:00:00,1\n1900-01-01 00:00:01,1\n1900-01-01 00:00:02,1\n2024-01-01,2\n", {}, "regular"),
    ],
)
def test_a_file_without_series_is_refused_with_the_reason(tmp_path, content, settings, reason):
    path = tmp_path / "a.csv"
    path.write_text(content)
    with pytest.raises(UnusableFile, match=reason):
        read(path, **settings)

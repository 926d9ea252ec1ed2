"""Covariates and the calendar are heard at the step that they are about, and a model uses them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from seqgen_forecast.domain import ForecastDomain
from seqgen_forecast.known_ahead import LEVELS, calendar_of, conditions_of, known_ahead, levels_of
from seqgen_forecast.series import Series, read_series
from seqgen_forecast.settings import ForecastSettings
from seqgen_forecast.window import Window, last_window
from some_series import written

import seqgen
from seqgen import UnusableFile
from seqgen.contract.testing import check_domain

SETTINGS = ForecastSettings(season=1, week=False, horizon=4, context=12, covariates="switch", calendar=True)


def switched_table(steps: int, future: int = 0) -> pd.DataFrame:
    """Returns a table whose values follow a random switch, which is known for some steps more than the values."""
    rng = np.random.default_rng(0)
    switch = rng.integers(0, 2, steps + future).astype(float)
    values = np.where(switch > 0, 10.0, -10.0) + rng.normal(size=steps + future)
    values[steps:] = np.nan
    times = pd.date_range("2024-01-30", periods=steps + future, freq="D").astype(str)
    return pd.DataFrame({"date": times, "load": values, "switch": switch})


def only_series(path, settings=SETTINGS) -> Series:
    """Returns the only series of a file."""
    (series,) = (part for part in read_series(path, settings) if isinstance(part, Series))
    return series


def test_a_covariate_is_no_series_and_goes_on_after_the_values(tmp_path):
    series = only_series(written(switched_table(20, future=3), tmp_path / "a.csv"))
    assert series.name == "load"
    window = last_window(series, SETTINGS)
    assert (window.history, len(window.values), len(window.covariates[0])) == (12, 12, 15)
    assert np.isfinite(window.values).all()
    again = Window(np.zeros(0), 0, 0).with_metadata(window.metadata())
    np.testing.assert_array_equal(again.covariates[0], window.covariates[0])


def test_a_long_table_has_covariates_for_each_series(tmp_path):
    one, other = switched_table(20), switched_table(20).assign(switch=7.0)
    long = pd.concat([one.assign(station="a"), other.assign(station="b")])
    settings = ForecastSettings(series_column="station", covariates="switch")
    found = [part for part in read_series(written(long, tmp_path / "a.csv"), settings) if isinstance(part, Series)]
    assert [part.name for part in found] == ["a", "b"]
    np.testing.assert_array_equal(found[0].covariates[0], one["switch"])
    assert (found[1].covariates[0] == 7).all()


def test_a_covariate_that_is_not_there_is_named(tmp_path):
    path = written(switched_table(20), tmp_path / "a.csv")
    with pytest.raises(UnusableFile, match="no column 'wind'; the columns are load, switch"):
        list(read_series(path, ForecastSettings(covariates="switch, wind")))


def test_levels_rise_with_the_covariate_and_are_0_where_it_is_unknown():
    levels = levels_of(np.array([1.0, 2, 3, np.nan, 900]), 7)
    assert levels[[3, 5, 6]].tolist() == [0, 0, 0]
    assert 1 <= levels[0] <= levels[1] <= levels[2] < levels[4] <= LEVELS
    assert levels_of(np.array([*[0.0] * 99, 1e9]), 100)[-1] == LEVELS
    assert levels_of(np.full(3, 5.0), 3).tolist() == [1 + LEVELS // 2] * 3
    assert levels_of(np.full(3, np.nan), 2).tolist() == [0, 0]


def test_the_calendar_says_month_and_day():
    window = Window(np.zeros(3), 0, 3, start="2024-01-30", step=86400)
    months, days = calendar_of(window, 4)
    assert (months.tolist(), days.tolist()) == ([1, 1, 2, 2], [30, 31, 1, 2])
    assert calendar_of(Window(np.zeros(3), 0, 3), 2)[0].tolist() == [0, 0]


def test_each_value_has_a_step_and_the_first_step_is_unknown(tmp_path):
    series = only_series(written(switched_table(40), tmp_path / "a.csv"))
    domain, conditions = ForecastDomain(SETTINGS), conditions_of(SETTINGS)
    window = last_window(series, SETTINGS)
    ids = domain.encode(window).ids
    steps = conditions.steps(ids, domain.grammar().state_class[domain.grammar().unroll(ids)])
    assert steps.tolist() == [0, 0, *range(1, 13), 12]
    values = known_ahead(window, SETTINGS)
    assert values.shape == (16, 3)
    assert conditions.accepts(values)
    is_on = window.covariates[0][1:] > 0
    levels = values[1:12, 0]
    assert len({*levels[is_on]}) == 1
    assert {*levels[is_on]}.isdisjoint(levels[~is_on])
    assert (values[12:, 0] == 0).all()
    assert conditions_of(ForecastSettings()) is None


def test_a_domain_with_covariates_keeps_the_laws(tmp_path):
    check_domain(ForecastDomain(SETTINGS), files=[written(switched_table(60), tmp_path / "a.csv")], walks=20)


def test_a_model_forecasts_by_what_is_known_ahead(tmp_path):
    source = written(switched_table(1200, future=4), tmp_path / "a.csv")
    trained = seqgen.train(
        [source], tmp_path / "run", domain="forecast", steps=120, size="tiny",
        settings={"covariates": "switch", "season": 1, "week": False, "horizon": 4, "context": 12,
                  "learning_rate": 0.01},
    )  # fmt: skip
    [answer] = trained.predict(source)
    switch = switched_table(1200, future=4)["switch"].to_numpy()[-4:]
    median = np.array(answer.values["quantiles"]["0.5"])
    assert ((median > 0) == (switch > 0)).all()

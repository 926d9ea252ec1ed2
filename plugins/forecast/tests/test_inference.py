"""The season is inferred from the step of the files."""

from __future__ import annotations

from seqgen_forecast.inference import SeasonInference
from seqgen_forecast.settings import ForecastSettings
from some_series import hourly_table, written


def test_hours_have_a_day_and_a_week(tmp_path):
    inference = SeasonInference(ForecastSettings())
    assert inference.is_needed()
    found = inference.inspect(written(hourly_table(30), tmp_path / "a.csv"))
    settings = inference.infer([found, found, 86400.0])
    assert (settings.season, settings.week) == (24, True)


def test_a_season_that_is_set_stays():
    assert not SeasonInference(ForecastSettings(season=5)).is_needed()
    assert SeasonInference(ForecastSettings(week=False)).infer([3600.0]).week is False

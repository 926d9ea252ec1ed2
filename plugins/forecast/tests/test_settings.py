"""The lengths that follow from the settings."""

from __future__ import annotations

from seqgen_forecast.settings import ForecastSettings


def test_the_history_is_seven_seasons_and_twice_the_horizon_at_least():
    assert ForecastSettings(season=24).history == 168
    assert ForecastSettings(season=4, horizon=24).history == 48
    assert ForecastSettings(season=24, context=30).history == 30


def test_a_week_has_seven_times_the_phases_of_a_day():
    assert ForecastSettings(season=24, week=True).phases == 168
    assert ForecastSettings(season=12).phases == 12
    assert ForecastSettings().phases == 1

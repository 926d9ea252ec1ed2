"""Measures of forecasts against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_forecast.evaluation import (
    evaluate_forecasts,
    naive,
    seasonal_naive,
    smoothing,
    weighted_quantile_loss,
)
from seqgen_forecast.window import Window

SEASON = 4


def window(history: list[float], truth: list[float]) -> Window:
    return Window(np.array([*history, *truth], float), 0, len(history))


HISTORY = [0, 1, 2, 3, 1, 2, 3, 4]


def test_the_mase_is_the_error_over_the_seasonal_change_of_the_history():
    futures = np.tile([4.0, 4.0], (10, 1))
    results = evaluate_forecasts([window(HISTORY, [2, 3])], [futures], SEASON)
    assert results["mase"] == pytest.approx(1.5)  # errors 2 and 1; from one season to the next 1
    assert results["mase_naive"] == pytest.approx(1.5)
    assert results["mase_seasonal_naive"] == pytest.approx(1.0)


def test_coverage_is_the_share_between_the_outer_deciles():
    futures = np.linspace(0, 10, 101)[:, None].repeat(4, axis=1)
    results = evaluate_forecasts([window(HISTORY, [0.5, 2, 8, 9.5])], [futures], SEASON)
    assert results["coverage80"] == pytest.approx(0.5)
    assert results["coverage80 by step"] == {"+1": 0, "+3": 1, "+4": 0}


def test_the_quantile_loss_of_a_point_forecast_is_its_absolute_error():
    one = window(HISTORY, [2, 4])
    deciles = np.tile([3.0, 3.0], (9, 1))
    assert weighted_quantile_loss([one], [deciles]) == pytest.approx(2 / 6)


def test_missing_values_are_left_out():
    history = [*HISTORY[:5], np.nan, *HISTORY[6:]]
    results = evaluate_forecasts([window(history, [np.nan, 3])], [np.full((5, 2), 3.0)], SEASON)
    assert results["mase"] == 0
    assert evaluate_forecasts([window(HISTORY, [np.nan])], [np.zeros((5, 1))], SEASON) == {}


def test_a_constant_history_is_not_measured():
    assert evaluate_forecasts([window([1] * 8, [1, 2])], [np.zeros((5, 2))], SEASON) == {}


def test_simple_forecasts_repeat_the_last_value_or_season():
    one = window(HISTORY, [0] * 6)
    assert naive(one).tolist() == [4] * 6
    assert seasonal_naive(one, SEASON).tolist() == [1, 2, 3, 4, 1, 2]
    assert seasonal_naive(window([5, 6], [0, 0, 0]), SEASON).tolist() == [6, 6, 5]


def test_smoothing_finds_a_season():
    wave = np.tile([0.0, 3.0, 1.0, 2.0], 8)
    forecast = smoothing(window(list(wave), [0] * 4), SEASON)
    np.testing.assert_allclose(forecast, [0, 3, 1, 2], atol=0.2)
    assert smoothing(window([1, 2, 3], [0, 0]), SEASON).shape == (2,)

"""How good forecasts are, beside the naive, the seasonal naive forecast and exponential smoothing.

    MASE      mean |y − median| / mean |y_t − y_{t−season}| over the history (Hyndman & Koehler 2006)
    WQL       2 Σ quantile losses / Σ |y|, over the deciles (as in Ansari et al. 2024, Chronos)
    coverage  share of true values between the deciles 0.1 and 0.9: 0.8 is right

True values are those of the file, not those of the tokens. Windows are the held-out documents, whose origins roll
through time.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgen_forecast.window import Window

DECILES = np.arange(1, 10) / 10
MAX_SMOOTHED = 500
"""Exponential smoothing is fitted anew to each window, which takes about a tenth of a second; so to so many at most."""


def evaluate_forecasts(windows: Sequence[Window], futures: Sequence[np.ndarray], season: int) -> dict[str, Any]:
    """Returns the measures of sampled futures float64[n, h], one for each window with its true values.

    Windows without true values, or whose history does not vary, are not measured.
    """
    usable = [number for number, window in enumerate(windows) if is_measured(window, season)]
    if not usable:
        return {}
    chosen = [windows[number] for number in usable]
    deciles = [np.nanquantile(futures[number], DECILES, axis=0) for number in usable]
    medians = [rows[4] for rows in deciles]
    spread = max(1, -(-len(chosen) // MAX_SMOOTHED))
    smoothed = chosen[::spread]
    results: dict[str, Any] = {
        "windows": float(len(chosen)),
        "mase": mean_scaled_error(chosen, medians, season),
        "mase_naive": mean_scaled_error(chosen, [naive(window) for window in chosen], season),
        "mase_seasonal_naive": mean_scaled_error(chosen, [seasonal_naive(window, season) for window in chosen], season),
        "mase_smoothing": mean_scaled_error(smoothed, [smoothing(window, season) for window in smoothed], season),
        "wql": weighted_quantile_loss(chosen, deciles),
        "wql_seasonal_naive": weighted_quantile_loss(
            chosen, [np.tile(seasonal_naive(window, season), (len(DECILES), 1)) for window in chosen]
        ),
    }
    inside = [coverage(window, rows[0], rows[-1]) for window, rows in zip(chosen, deciles, strict=True)]
    results["coverage80"] = float(np.nanmean(np.concatenate(inside)))
    results["coverage80 by step"] = coverage_by_step(inside)
    return results


def truth_of(window: Window) -> np.ndarray:
    """Returns the true values after the history: float64[h]."""
    return window.values[window.history :]


def scale_of(window: Window, season: int) -> float:
    """Returns the mean absolute change of the history from one season to the next."""
    known = window.values[: window.history]
    distance = season if len(known) > season else 1
    changes = np.abs(known[distance:] - known[:-distance])
    return float(np.nanmean(changes)) if np.isfinite(changes).any() else 0.0


def is_measured(window: Window, season: int) -> bool:
    """Whether there are true values to compare with, and a history that varies."""
    return bool(np.isfinite(truth_of(window)).any()) and window.history > 1 and scale_of(window, season) > 0


def mean_scaled_error(windows: Sequence[Window], forecasts: Sequence[np.ndarray], season: int) -> float:
    """Returns the mean absolute scaled error (MASE) over all windows."""
    errors = [
        np.nanmean(np.abs(truth_of(window) - forecast[: len(truth_of(window))])) / scale_of(window, season)
        for window, forecast in zip(windows, forecasts, strict=True)
    ]
    return float(np.mean(errors))


def weighted_quantile_loss(windows: Sequence[Window], deciles: Sequence[np.ndarray]) -> float:
    """Returns the weighted quantile loss (WQL) of deciles float64[9, h] over all windows."""
    loss = total = 0.0
    for window, rows in zip(windows, deciles, strict=True):
        truth = truth_of(window)
        error = truth - rows[:, : len(truth)]
        loss += float(np.nansum(2 * np.maximum(DECILES[:, None] * error, (DECILES[:, None] - 1) * error)))
        total += float(np.nansum(np.abs(truth)))
    return loss / len(DECILES) / total


def coverage(window: Window, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Returns 1 for each step whose true value is between `low` and `high`, 0 for others, NaN without a value."""
    truth = truth_of(window)
    inside = (truth >= low[: len(truth)]) & (truth <= high[: len(truth)])
    return np.where(np.isnan(truth), np.nan, inside)


def coverage_by_step(inside: Sequence[np.ndarray]) -> dict[str, float]:
    """Returns the mean coverage at the first, the middle and the last step of the horizon."""
    horizon = max(map(len, inside))
    table = np.full((len(inside), horizon), np.nan)
    for row, values in zip(table, inside, strict=True):
        row[: len(values)] = values
    steps = sorted({0, horizon // 2, horizon - 1})
    return {f"+{step + 1}": float(np.nanmean(table[:, step])) for step in steps if np.isfinite(table[:, step]).any()}


def naive(window: Window) -> np.ndarray:
    """Returns the last known value for every step."""
    return np.full(len(truth_of(window)), last_known(window.values[: window.history]))


def seasonal_naive(window: Window, season: int) -> np.ndarray:
    """Returns the value of the last season for every step; the last value where a season ago is not known."""
    known = window.values[: window.history]
    steps = np.arange(len(truth_of(window)))
    places = window.history - season + steps % season
    values = np.where(places >= 0, known[np.maximum(places, 0)], np.nan)
    return np.where(np.isnan(values), last_known(known), values)


def last_known(values: np.ndarray) -> float:
    """Returns the last value that is not missing."""
    return float(values[np.isfinite(values)][-1])


def smoothing(window: Window, season: int) -> np.ndarray:
    """Returns the forecast of additive Holt-Winters smoothing, fitted to the history (statsmodels)."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    known = window.values[: window.history]
    filled = np.interp(np.arange(len(known)), np.flatnonzero(np.isfinite(known)), known[np.isfinite(known)])
    has_season = season > 1 and len(filled) >= 2 * season
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that does not converge is still a forecast
        model = ExponentialSmoothing(
            filled, seasonal="add" if has_season else None, seasonal_periods=season if has_season else None,
            initialization_method="heuristic" if len(filled) >= max(10, 2 * season) else "estimated",
        )  # fmt: skip
        return _checked(model.fit().forecast(len(truth_of(window))), naive(window))


def _checked(forecast: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    return forecast if np.isfinite(forecast).all() else otherwise

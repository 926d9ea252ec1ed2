"""Small series of the tests' own making."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from seqgen_forecast.series import Series
from seqgen_forecast.settings import ForecastSettings

HOURLY = ForecastSettings(season=24, week=True)
DAILY = ForecastSettings(season=7, week=False, horizon=7, context=21)


def daily_wave(hours: int, noise: float = 0.1, level: float = 20.0) -> np.ndarray:
    """Returns a sine with a period of 24 steps, with noise."""
    time = np.arange(hours)
    return level + 5 * np.sin(2 * np.pi * time / 24) + noise * np.random.default_rng(0).normal(size=hours)


def hourly_table(hours: int) -> pd.DataFrame:
    """Returns a wide table with two series."""
    times = pd.date_range("2024-01-01", periods=hours, freq="h").astype(str)
    return pd.DataFrame({"date": times, "load": daily_wave(hours), "price": daily_wave(hours, level=-3.0)})


def written(table: pd.DataFrame, path: Path) -> Path:
    """Writes a table as CSV, and returns its path."""
    table.to_csv(path, index=False)
    return path


def series(values: np.ndarray, start: str = "2024-01-01", step: float = 3600) -> Series:
    """Returns a series on a grid."""
    return Series("load", datetime.fromisoformat(start), step, np.asarray(values, float))

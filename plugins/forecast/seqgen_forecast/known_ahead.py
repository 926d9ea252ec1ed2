"""What is known ahead of the values of a window: covariates, and the calendar.

The model hears it by conditions (seqgen.grammar.conditions): step s of a document is about value s, which the model
predicts after s values. Each covariate is a channel, and so are the month and the day of the month. A covariate is
scaled by its own mean and mean distance from the mean over the window, and rounded to one of LEVELS levels.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np

from seqgen.grammar import Conditions
from seqgen.grammar.conditions import UNKNOWN
from seqgen_forecast.calendars import advance
from seqgen_forecast.settings import ForecastSettings
from seqgen_forecast.tokens import value_tokens
from seqgen_forecast.window import Window

LEVELS, LEVELS_PER_UNIT = 33, 4
"""Levels reach from −4 to 4 times the mean distance from the mean."""
MONTHS, DAYS = 12, 31
HIDDEN_SHARE = 0.1
"""How often training shows nothing, so that the model also works where nothing is known."""


def conditions_of(settings: ForecastSettings) -> Conditions | None:
    """Returns the channels, and that each value moves on to the next step. None if nothing is known ahead."""
    sizes = [1 + LEVELS] * len(settings.covariate_columns) + ([1 + MONTHS, 1 + DAYS] if settings.calendar else [])
    if not sizes:
        return None
    phases = settings.phases
    return Conditions(value_tokens(phases).astype(np.int32), np.tile([False, True], (1 + phases, 1)), tuple(sizes))


def known_ahead(window: Window, settings: ForecastSettings) -> np.ndarray:
    """Returns what is known of each step of a window and of the steps after it that have covariates: int32[C, J].

    Row s is about value s. Row 0 is unknown, as the contract asks.
    """
    steps = max(len(window.values), window.history + settings.horizon)
    # An item that is made of tokens alone has no covariates.
    rows = window.covariates or (np.zeros(0),) * len(settings.covariate_columns)
    columns = [levels_of(row, steps) for row in rows]
    if settings.calendar:
        columns += calendar_of(window, steps)
    values = np.stack(columns, 1)
    values[0] = UNKNOWN
    return values.astype(np.int32)


def levels_of(covariate: np.ndarray, steps: int) -> np.ndarray:
    """Returns the level of a covariate float64[n] at each of so many steps, 0 where it is not known: int32[steps]."""
    padded = np.full(steps, np.nan)
    padded[: min(steps, len(covariate))] = covariate[:steps]
    known = padded[np.isfinite(padded)]
    if not known.size:
        return np.full(steps, UNKNOWN, np.int32)
    distance = float(np.abs(known - known.mean()).mean())
    scaled = (padded - known.mean()) / (distance if distance > 0 else 1.0)
    level = np.clip(np.round(np.nan_to_num(scaled) * LEVELS_PER_UNIT) + LEVELS // 2, 0, LEVELS - 1)
    return np.where(np.isfinite(padded), 1 + level, UNKNOWN).astype(np.int32)


def calendar_of(window: Window, steps: int) -> list[np.ndarray]:
    """Returns the month and the day of the month at each step, from 1 on; 0 for a window without time stamps."""
    if not window.start:
        return [np.zeros(steps, np.int32)] * 2
    start = datetime.fromisoformat(window.start)
    times = [advance(start, window.step, number) for number in range(steps)]
    return [np.array([time.month for time in times]), np.array([time.day for time in times])]

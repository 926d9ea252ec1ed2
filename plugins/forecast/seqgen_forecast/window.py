"""The item of the domain: a window of one series, scaled by its own history.

    scaled = (value − location) / scale      location: mean of the history; scale: mean distance from it

So series of any size share one vocabulary (compare the mean scaling of Chronos, Ansari et al. 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from seqgen_forecast.calendars import advance, phase_of
from seqgen_forecast.series import Series
from seqgen_forecast.settings import ForecastSettings

BLOCK_WINDOWS = 8
"""How many windows long the blocks of time are that stay in one split."""
DIGITS = 7
"""Significant digits of values in metadata."""


@dataclass(frozen=True, eq=False)
class Window:
    """A window of a series.

    values:    float64[n], NaN where one is missing. Values are scaled where `scale` is 1 and `location` 0.
    phase:     the phase of the first value in the season
    history:   how many of the values come before the forecast
    name:      the name of the series
    start:     the first time stamp as text, or "" if it is not known
    step:      seconds
    quantiles: float64[h] by quantile ("0.1"), of a forecast; empty otherwise
    covariates: what is known beside the values and after them, float64[m] each; NaN where it is not known
    """

    values: np.ndarray
    phase: int
    history: int
    name: str = ""
    start: str = ""
    step: float = 0.0
    location: float = 0.0
    scale: float = 1.0
    quantiles: Mapping[str, np.ndarray] = field(default_factory=dict)
    covariates: tuple[np.ndarray, ...] = ()

    @property
    def scaled(self) -> np.ndarray:
        """Returns the scaled values float64[n]."""
        return (self.values - self.location) / self.scale

    @property
    def known(self) -> Window:
        """Returns the history alone."""
        return replace(self, values=self.values[: self.history])

    @property
    def times(self) -> list[str]:
        """Returns the time stamp of each value and of each step of the forecast; numbers if they are not known."""
        count = max(len(self.values), self.history + max(map(len, self.quantiles.values()), default=0))
        if not self.start:
            return [str(number) for number in range(count)]
        first = datetime.fromisoformat(self.start)
        return [str(advance(first, self.step, number)) for number in range(count)]

    def later(self, steps: int, phase: int) -> Window:
        """Returns this window with a start that is so many steps later, and the phase there."""
        start = str(advance(datetime.fromisoformat(self.start), self.step, steps)) if self.start else ""
        return replace(self, start=start, phase=phase)

    def metadata(self) -> dict[str, Any]:
        """Returns what tokens do not say, as JSON values."""
        metadata = {
            "series": self.name, "start": self.start, "step": self.step, "history": self.history,
            "location": self.location, "scale": self.scale, "values": as_json(self.values),
        }  # fmt: skip
        return {**metadata, "covariates": [as_json(row) for row in self.covariates]} if self.covariates else metadata

    def with_metadata(self, metadata: Mapping[str, Any]) -> Window:
        """Returns the window that `metadata` describes, with the untouched values."""
        if "values" not in metadata:
            return self
        covariates = tuple(from_json(row) for row in metadata.get("covariates", ()))
        return replace(
            self, values=from_json(metadata["values"]), covariates=covariates, name=metadata["series"],
            start=metadata["start"], step=metadata["step"], history=metadata["history"],
            location=metadata["location"], scale=metadata["scale"],
        )  # fmt: skip


def as_json(values: np.ndarray) -> list[float | None]:
    """Returns values float64[n] with DIGITS significant digits, None for NaN."""
    return [None if np.isnan(value) else float(f"{value:.{DIGITS}g}") for value in values]


def from_json(values: Sequence[float | None]) -> np.ndarray:
    """Returns the values of `as_json`, float64[n]."""
    return np.array([np.nan if value is None else value for value in values], float)


def window_of(
    series: Series, begin: int, end: int, history: int, phases: int, covariates_end: int | None = None
) -> Window:
    """Returns the values `begin` … `end` - 1 of a series as a window whose first `history` values are known.

    covariates_end: where the covariates end, if they are known for longer than the values
    """
    values = series.values[begin:end]
    known = values[:history][~np.isnan(values[:history])]
    location = float(known.mean()) if len(known) else 0.0
    scale = float(np.abs(known - location).mean()) if len(known) else 0.0
    start = advance(series.start, series.step, begin)
    return Window(
        values, phase_of(start, series.step) % phases, history, series.name, str(start), series.step, location,
        scale if scale > 1e-9 * max(1.0, abs(location)) else 1.0,
        covariates=tuple(row[begin : covariates_end or end] for row in series.covariates),
    )  # fmt: skip


def training_windows(series: Series, settings: ForecastSettings) -> Iterator[tuple[Window, int]]:
    """Yields windows of history and horizon, each with the number of its block of time.

    A window lies within one block, and a block within one split, so no value is in two splits.
    """
    length = settings.history + settings.horizon
    if len(series.values) < length:
        history = len(series.values) - settings.horizon
        if history >= 1:
            yield window_of(series, 0, len(series.values), history, settings.phases), 0
        return
    block = BLOCK_WINDOWS * length
    for first in range(0, len(series.values), block):
        last = min(first + block, len(series.values)) - length
        for begin in range(first, last + 1, settings.stride or settings.horizon):
            yield window_of(series, begin, begin + length, settings.history, settings.phases), first // block


def last_window(series: Series, settings: ForecastSettings) -> Window:
    """Returns the last values of a series, all of them history, and the covariates of the steps after them."""
    end = len(series.values)
    if series.covariates:
        # Rows without a value, but with covariates, are the future.
        end = 1 + int(np.flatnonzero(np.isfinite(series.values))[-1])
    begin = max(0, end - settings.history)
    return window_of(series, begin, end, end - begin, settings.phases, end + settings.horizon)

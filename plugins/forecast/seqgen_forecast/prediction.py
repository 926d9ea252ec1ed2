"""Forecasts: many sampled futures, and the quantiles of their values at each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Answer, Oracle, Prediction, Prompting, Record, Remark
from seqgen_forecast.evaluation import evaluate_forecasts
from seqgen_forecast.settings import ForecastSettings
from seqgen_forecast.tokens import BINS_PER_UNIT, values_of
from seqgen_forecast.window import Window

QUANTILES = tuple(f"{tenth / 10:.1f}" for tenth in range(1, 10))
NUM_FUTURES = 100
SEED = 0


class Forecasting(Prediction[Window]):
    """Answers with the quantiles of each of the next `horizon` values."""

    def __init__(
        self,
        settings: ForecastSettings,
        prompting: Prompting[Window],
        read_last_windows: Callable[[Path], Iterator[Record[Window] | Remark]],
    ) -> None:
        super().__init__()
        self.settings = settings
        self._prompting = prompting
        self._read_last_windows = read_last_windows

    def read(self, path: Path) -> Iterator[Record[Window] | Remark]:
        return self._read_last_windows(path)

    def predict(self, records: Sequence[Record[Window]], oracle: Oracle) -> Iterator[Answer]:
        windows = [record.item.with_metadata(record.metadata).known for record in records]
        for window, futures in zip(windows, self.futures(windows, oracle), strict=True):
            forecast = with_quantiles(window, futures)
            times = forecast.times[window.history :]
            lines = [f"{window.name or 'series'}:"]
            low, median, high = (forecast.quantiles[name] for name in ("0.1", "0.5", "0.9"))
            for time, lowest, middle, highest in zip(times, low, median, high, strict=True):
                lines.append(f"  {time}  {middle:.5g}  ({lowest:.5g} to {highest:.5g})")
            quantiles = {name: [float(f"{value:.7g}") for value in row] for name, row in forecast.quantiles.items()}
            yield Answer("\n".join(lines), {"series": window.name, "times": times, "quantiles": quantiles}, forecast)

    def futures(self, windows: Sequence[Window], oracle: Oracle) -> Iterator[np.ndarray]:
        """Yields NUM_FUTURES sampled futures of each window, float64[NUM_FUTURES, horizon] in its own units.

        All values of a window are its history. A bin stands for all values in it, so each value is drawn uniformly from
        its bin.
        """
        horizon = self.settings.horizon
        prompts = [self._prompting.prompt(window) for window in windows]
        drawn = oracle.generate_each(prompts, NUM_FUTURES, max_new_tokens=horizon, seed=SEED)
        for number, (window, prompt, documents) in enumerate(zip(windows, prompts, drawn, strict=True)):
            tokens = np.stack([ids[len(prompt.ids) : len(prompt.ids) + horizon] for ids in documents])
            within_bin = np.random.default_rng((SEED, number)).uniform(-0.5, 0.5, tokens.shape) / BINS_PER_UNIT
            yield (values_of(tokens) + within_bin) * window.scale + window.location

    def evaluate_answers(
        self, train: Sequence[Record[Window]], held_out: Sequence[Record[Window]], oracle: Oracle
    ) -> dict[str, Any]:
        windows = [record.item.with_metadata(record.metadata) for record in held_out]
        futures = list(self.futures([window.known for window in windows], oracle))
        return evaluate_forecasts(windows, futures, self.settings.seasons)


def with_quantiles(window: Window, futures: np.ndarray) -> Window:
    """Returns a window, which is all history, with the quantiles of its futures float64[n, h]."""
    rows = np.nanquantile(futures, [float(name) for name in QUANTILES], axis=0)
    quantiles = dict(zip(QUANTILES, rows, strict=True))
    return replace(window, quantiles=quantiles)

"""A fan chart: the history of a series, and the deciles of its forecast."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen import Display, atomic_write
from seqgen_forecast.window import Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCHES, DPI = (9, 3.5), 110
BANDS = (("0.1", "0.9", 0.2), ("0.2", "0.8", 0.2), ("0.3", "0.7", 0.2), ("0.4", "0.6", 0.2))
"""The quantiles between which an area is filled, and how opaque it is. The areas lie over each other."""
MAX_TICKS = 6


class ForecastDisplay(Display[Window]):
    """Draws windows and forecasts."""

    renderings = ("png",)

    def render(self, item: Window, rendering: str, path: Path, prompt_item: Window | None = None) -> Path:
        target = path.with_name(path.name + ".png")
        with atomic_write(target) as temporary:
            chart(item).savefig(temporary, format="png", dpi=DPI)
        return target


def chart(item: Window) -> Figure:
    """Returns the picture of a window: known values, values after the history, and the fan of a forecast."""
    from matplotlib.figure import Figure  # takes longer to import than the whole plugin

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(item.values))
    axes.plot(places[: item.history], item.values[: item.history], color="black", linewidth=1, label="history")
    if len(item.values) > item.history:
        begin = max(0, item.history - 1)
        axes.plot(places[begin:], item.values[begin:], color="tab:blue", linewidth=1, label="drawn")
    if item.quantiles:
        ahead = item.history + np.arange(len(item.quantiles["0.5"]))
        for low, high, opacity in BANDS:
            axes.fill_between(ahead, item.quantiles[low], item.quantiles[high], color="tab:orange", alpha=opacity, lw=0)
        axes.plot(ahead, item.quantiles["0.5"], color="tab:red", linewidth=1.2, label="median")
    times = item.times
    ticks = np.unique(np.linspace(0, len(times) - 1, min(MAX_TICKS, len(times))).astype(int))
    axes.set_xticks(ticks, [times[tick][:16] for tick in ticks])
    # A dollar sign would begin a formula.
    axes.set_title(item.name.replace("$", r"\$")[:80])
    axes.legend(loc="upper left", frameon=False)
    return figure

"""What the benchmarks share: the machine they ran on, and one JSON line at the end."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from typing import Any


def machine() -> dict[str, Any]:
    """Which machine and day a number belongs to."""
    return {"date": date.today().isoformat(), "cores": os.cpu_count(), "processor": platform.machine(),
            "python": platform.python_version()}  # fmt: skip


def finish(figures: dict[str, Any]) -> None:
    """Prints the figures as one JSON object on one line, numbers to four digits."""
    rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({**rounded, **machine()}))


def median_seconds(run: Callable[[], Any], repeats: int) -> float:
    """The median time of a call, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]


def interleaved(runs: dict[str, Callable[[], Any]], rounds: int, repeats: int) -> dict[str, float]:
    """The median seconds of each call, taken in turns, so that a noisy minute of the machine falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            times[name].append(median_seconds(run, repeats))
    return {name: sorted(values)[len(values) // 2] for name, values in times.items()}

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
    """Returns the median time of a call, after one that is not counted."""
    run()
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]


def print_evaluations(name: str) -> Callable[[Any], None]:
    """Returns a `train_progress` that prints a line at each evaluation of the training `name`."""

    def report(progress: Any) -> None:
        if progress.is_evaluation:
            print(f"{name} {progress.seconds:4.0f} s  step {progress.step:6}  loss {progress.loss:.4f}  "
                  f"valid {progress.held_out:.4f}", flush=True)  # fmt: skip

    return report

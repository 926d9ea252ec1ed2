"""Forecasts of the next 24 hours of ETTh1's seven series, beside simple forecasts of the same windows.

    python bench/forecast.py FOLDER [--minutes 10] [--set KEY=VALUE]…

FOLDER holds `ETTh1.csv`: two years of hourly values. A model is trained on the first 12 months of 30 days, the next 4
choose the best weights, and everything reported is of the 4 months after them, whose origins roll on by 24 hours. True
values are those of the file. `mase` (Hyndman & Koehler 2006) stands beside the last value, the value of 24 hours ago
and Holt-Winters smoothing fitted to the same history (statsmodels); `coverage80` is the share of true values between
the deciles 0.1 and 0.9. `seconds_for_1000_windows` is the time for 1 000 windows × 100 futures, after one call that is
not counted.

The plugin must be installed: pip install ./plugins/forecast
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from pathlib import Path
from typing import Any

from common import finish, print_evaluations

import seqgen

MONTH = 30 * 24
HISTORY = 7 * 24
SPLITS = {
    "train": (0, 12 * MONTH),
    "valid": (12 * MONTH - HISTORY, 16 * MONTH),
    "test": (16 * MONTH - HISTORY, 20 * MONTH),
}
"""The first and the last row of each split. Held-out windows may look back into the split before."""
TIMED_WINDOWS = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    header, *rows = csv.reader((arguments.folder / "ETTh1.csv").read_text().splitlines())
    with tempfile.TemporaryDirectory() as scratch:
        files = {}
        for split, (first, last) in SPLITS.items():
            files[split] = Path(scratch) / f"{split}.csv"
            with files[split].open("w", newline="") as file:
                csv.writer(file).writerows([header, *rows[first:last]])
        trained = seqgen.train(
            [files["train"]], Path(scratch) / "run", domain="forecast", valid=[files["valid"]], test=[files["test"]],
            minutes=arguments.minutes, settings=dict(pair.split("=", 1) for pair in arguments.settings),
            train_progress=print_evaluations("forecast"),
        )  # fmt: skip
        answers = seqgen.evaluate(Path(scratch) / "run")["answers"]
        figures = {key: value for key, value in answers.items() if isinstance(value, float)}
        finish({**figures, "seconds_for_1000_windows": seconds(trained, files["test"])})


def seconds(trained: Any, path: Path) -> float:
    """Returns how long the forecasts of TIMED_WINDOWS windows take, after one call that is not counted."""
    records = [part for part in trained.domain.read(path) if isinstance(part, seqgen.Record)]
    records = (records * (-(-TIMED_WINDOWS // len(records))))[:TIMED_WINDOWS]
    list(trained.domain.prediction.predict(records, trained.oracle))
    begun = time.perf_counter()
    list(trained.domain.prediction.predict(records, trained.oracle))
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()

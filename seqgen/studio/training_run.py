"""A training that is followed: its log, whether it goes on, and how the page ends it or goes on with it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from seqgen.errors import UsageError
from seqgen.files.stored_files import FolderInUse, locked_folder

LOG_FILE = "metrics.jsonl"
MAX_LOG_BYTES = 16 * 2**20
MAX_POINTS = 500
NAMES = ("step", "loss", "held_out", "best", "tokens_per_second", "seconds")


class TrainingRun:
    """The training in a run's folder. The studio can stop only what it has started itself."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._process: subprocess.Popen[bytes] | None = None

    def status(self) -> dict[str, Any]:
        """Returns the points of the log and whether the run is being trained, as JSON values."""
        return {
            "points": read_log(self.run / LOG_FILE),
            "is_running": is_locked(self.run),
            "is_own": self._process is not None and self._process.poll() is None,
        }

    def resume(self) -> None:
        """Goes on with the training for as long as it was meant to take. Raises UsageError if it is going on."""
        if is_locked(self.run):
            raise UsageError("This run is being trained; there is nothing to resume.")
        command = [sys.executable, "-m", "seqgen.cli", "train", "--resume", "-o", str(self.run)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def stop(self) -> None:
        """Lets the training end after a checkpoint. Raises UsageError if the studio did not start it."""
        if self._process is None or self._process.poll() is not None:
            raise UsageError("The studio has not started this training; press Ctrl-C where it runs.")
        self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Stops the training if the studio has started it."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)


def is_locked(run: Path) -> bool:
    """Whether a process is training in this folder."""
    try:
        with locked_folder(run):
            return False
    except FolderInUse:
        return True
    except OSError:
        return False


def read_log(path: Path) -> list[dict[str, float]]:
    """Returns the points of a log, at most MAX_POINTS of them and the last one always. Damaged lines are left out."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - MAX_LOG_BYTES))
            lines = file.read(MAX_LOG_BYTES).splitlines()
    except OSError:
        return []
    points = [point for point in map(_point, lines) if point]
    stride = -(-len(points) // MAX_POINTS)
    return points[::-1][:: max(stride, 1)][::-1]


def _point(line: bytes) -> dict[str, float]:
    try:
        values = json.loads(line)
        point = {name: float(values[name]) for name in NAMES if name in values}
    except (ValueError, TypeError, RecursionError):
        return {}
    return point if "step" in point and all(map(math.isfinite, point.values())) else {}

"""The log of a run: JSON lines for programs, and TensorBoard events for people."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType

import tensorflow as tf

from seqgen.atomic import write_text


class RunLog:
    """Writes `metrics.jsonl` and `tensorboard/` in the folder of a run. A context manager."""

    def __init__(self, run: Path, *, after_step: int) -> None:
        """Drops the lines of steps after `after_step`, because a resumed run measures them again."""
        path = run / "metrics.jsonl"
        if path.exists():
            kept = [line for line in path.read_text(encoding="utf-8").splitlines() if _step(line) <= after_step]
            write_text(path, "".join(line + "\n" for line in kept))
        self._lines = open(path, "a", encoding="utf-8")  # noqa: SIM115 (closed by __exit__)
        self._events = tf.summary.create_file_writer(str(run / "tensorboard"))

    def write(self, step: int, **values: float) -> None:
        """Writes named values that were measured at a step."""
        self._lines.write(json.dumps({"step": step, **values}) + "\n")
        self._lines.flush()
        # As tf.summary.scalar does, which would need the package tensorboard. Only looking at the events needs that.
        scalar = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        )
        with self._events.as_default():
            for name, value in values.items():
                tf.summary.write(name, tf.constant(value, tf.float32), step=step, metadata=scalar)
        self._events.flush()

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._events.close()


def _step(line: str) -> float:
    """Returns the step of a line, or infinity for a line that a crash cut short."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")

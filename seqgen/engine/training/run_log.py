"""The log of a run: JSON lines for programs, and TensorBoard events for people."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from seqgen.errors import SeqgenWarning
from seqgen.files import write_text


class RunLog:
    """A callback that writes the metrics of a run to `metrics.jsonl` and `tensorboard/` in its folder."""

    def __init__(self, run: Path, *, after_step: int) -> None:
        """Drops the lines of steps after `after_step`, because a resumed run measures them again.

        Warns about lines that are damaged, which are left out.
        """
        self._lines = run / "metrics.jsonl"
        if self._lines.exists():
            lines = self._lines.read_text(encoding="utf-8", errors="replace").splitlines()
            steps = list(map(_step, lines))
            kept = [line for line, step in zip(lines, steps, strict=True) if step is not None and step <= after_step]
            write_text(self._lines, "".join(line + "\n" for line in kept))
            if damaged := steps.count(None):
                message = f"{self._lines}: {damaged} damaged or cut lines are left out."
                warnings.warn(message, SeqgenWarning, stacklevel=2)
        self._events = tf.summary.create_file_writer(str(run / "tensorboard"))

    def __call__(self, metrics: Mapping[str, float], /) -> None:
        """Writes the metrics of one evaluation."""
        with open(self._lines, "a", encoding="utf-8") as file:
            file.write(json.dumps(metrics) + "\n")
        # As tf.summary.scalar does, which would need the package tensorboard. Only looking at the events needs that.
        scalar = tf.compat.v1.SummaryMetadata(
            plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
        )
        with self._events.as_default():
            for name in metrics.keys() - {"step"}:
                value = tf.constant(metrics[name], tf.float32)
                tf.summary.write(name, value, step=int(metrics["step"]), metadata=scalar)
        self._events.flush()


def _step(line: str) -> float | None:
    """Returns the step of a line, or None for a line that is cut short or damaged."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None

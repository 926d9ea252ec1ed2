"""The learning rate at each step."""

from __future__ import annotations

import math

from seqgen.engine.settings import TrainingSettings


def learning_rate(settings: TrainingSettings, step: int, progress: float) -> float:
    """The rate at a step, counted from 0, and at `progress` 0…1 of the run.

    Linear warm-up by steps, times a share that falls by progress from 1 to `final_rate`: along half a cosine
    (Loshchilov & Hutter 2017), along a line, or not at all.
    """
    warm = min(1.0, (step + 1) / (settings.warm_up + 1))
    progress = min(progress, 1.0)
    left = {
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "linear": 1 - progress,
        "constant": 1.0,
    }[settings.schedule]
    return settings.learning_rate * warm * (settings.final_rate + (1 - settings.final_rate) * left)

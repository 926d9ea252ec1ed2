"""The learning rate at each step."""

from __future__ import annotations

import math

from seqgen.engine.settings import TrainingSettings


def learning_rate(settings: TrainingSettings, step: int, progress: float) -> float:
    """Returns the learning rate at a step, counted from 0, and at `progress` 0…1 of the run.

    It rises linearly by steps (warm-up), and it is multiplied by a factor that falls by progress from 1 to
    `final_learning_rate_ratio`: along half a cosine (Loshchilov & Hutter 2017), along a line, or not at all.
    """
    warmup = min(1.0, (step + 1) / (settings.warmup_steps + 1))
    progress = min(progress, 1.0)
    decay = {
        "cosine": 0.5 * (1 + math.cos(math.pi * progress)),
        "linear": 1 - progress,
        "constant": 1.0,
    }[settings.learning_rate_schedule]
    final = settings.final_learning_rate_ratio
    return settings.learning_rate * warmup * (final + (1 - final) * decay)

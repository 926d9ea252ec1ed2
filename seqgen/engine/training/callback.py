"""Callbacks of a training: what is called after each evaluation, and may end the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from seqgen.engine.training.progress import TrainingProgress


class EvaluationCallback(Protocol):
    """Receives the metrics of each evaluation."""

    def __call__(self, metrics: Mapping[str, float], /) -> str | None:
        """Returns the reason to end the training, or None."""


def metrics_of(progress: TrainingProgress, evaluations_without_improvement: int) -> dict[str, float]:
    """Returns the metrics of an evaluation; `loss`, `held_out` and `best` are in nats a token."""
    assert progress.held_out is not None
    assert progress.best is not None
    return {
        "step": progress.step,
        "loss": progress.loss,
        "held_out": progress.held_out,
        "best": progress.best,
        "evaluations_without_improvement": evaluations_without_improvement,
        "tokens_per_second": progress.tokens_per_second,
        "seconds": progress.seconds,
    }


class EarlyStopping:
    """Ends the training after `patience` evaluations in a row without improvement; 0 never ends it."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def __call__(self, metrics: Mapping[str, float], /) -> str | None:
        if 0 < self.patience <= metrics["evaluations_without_improvement"]:
            return f"no better for {self.patience} evaluations"
        return None

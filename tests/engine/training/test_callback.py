"""Callbacks: what they are given, and how they end a training."""

from __future__ import annotations

import pytest

from seqgen.engine.training.callback import EarlyStopping, metrics_of
from seqgen.engine.training.progress import TrainingProgress


def test_the_metrics_are_those_of_the_evaluation():
    progress = TrainingProgress(20, 0.5, 3.0, 1.25, 1.5, 1.4, 1000.0, True)
    assert metrics_of(progress, 2) == {
        "step": 20,
        "loss": 1.25,
        "held_out": 1.5,
        "best": 1.4,
        "evaluations_without_improvement": 2,
        "tokens_per_second": 1000.0,
        "seconds": 3.0,
    }


@pytest.mark.parametrize(("patience", "evaluations", "stops"), [(0, 9, False), (3, 2, False), (3, 3, True)])
def test_early_stopping_waits_as_long_as_its_patience(patience, evaluations, stops):
    reason = EarlyStopping(patience)({"evaluations_without_improvement": evaluations})
    assert reason == (f"no better for {patience} evaluations" if stops else None)

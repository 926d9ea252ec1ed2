"""How much of a budget is spent, and how much time is left."""

from __future__ import annotations

import pytest

from seqgen.engine.training.progress import TrainingBudget, TrainingProgress, TrainingStopped


def test_a_budget_is_spent_by_steps_or_by_seconds():
    assert TrainingBudget(steps=200).fraction_spent(50, 1e9) == 0.25
    assert TrainingBudget(seconds=60).fraction_spent(10**9, 30) == 0.5


@pytest.mark.parametrize(("fraction", "left"), [(0.0, None), (0.25, 30), (1.0, 0), (1.5, 0)])
def test_the_time_left_follows_from_the_fraction(fraction, left):
    progress = TrainingProgress(
        step=5,
        fraction=fraction,
        seconds=10,
        loss=1.0,
        held_out=None,
        best=None,
        tokens_per_second=1,
        is_evaluation=False,
    )
    assert progress.seconds_left == left


def test_stopping_names_its_step():
    assert "step 7" in str(TrainingStopped(7))

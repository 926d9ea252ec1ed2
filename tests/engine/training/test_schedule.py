"""The learning rate beside Keras' schedules and plain arithmetic."""

from __future__ import annotations

import keras
import pytest

from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training.schedule import learning_rate


def rates(steps, **settings):
    """The rate at each (step, progress)."""
    made = TrainingSettings(**{"learning_rate": 1.0, "warmup_steps": 9, "final_learning_rate_ratio": 0.1, **settings})
    return [learning_rate(made, step, progress) for step, progress in steps]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "constant"])
def test_every_schedule_warms_up_by_steps(schedule):
    assert rates([(0, 0), (4, 0), (9, 0), (50, 0)], learning_rate_schedule=schedule) == pytest.approx([0.1, 0.5, 1, 1])


def test_the_cosine_is_that_of_keras():
    theirs = keras.optimizers.schedules.CosineDecay(1.0, 100, alpha=0.1)
    expected = [float(theirs(step)) for step in (0, 25, 50, 100)]
    assert rates([(100, step / 100) for step in (0, 25, 50, 100)]) == pytest.approx(expected, rel=1e-5)


def test_the_line_falls_evenly_and_the_constant_does_not_fall():
    places = [(100, 0), (100, 0.5), (100, 1), (100, 1.2)]
    assert rates(places, learning_rate_schedule="linear") == pytest.approx([1, 0.55, 0.1, 0.1])
    assert rates(places, learning_rate_schedule="constant") == [1, 1, 1, 1]

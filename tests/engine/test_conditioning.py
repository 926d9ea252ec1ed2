"""Conditions are read once, and each sequence looks its step up."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.conditioning import Conditioning, ConditionState
from seqgen.grammar import BOS

MODEL = toys.model(conditions=toys.ahead())
CONDITIONING = Conditioning(MODEL)


def known(seed: int, steps: int = 6) -> np.ndarray:
    values = np.random.default_rng(seed).integers(0, [4, 3], (steps, 2)).astype(np.int32)
    values[0] = 0
    return values


def heard(values: np.ndarray) -> np.ndarray:
    """What the model hears at each step [C, D]; nothing at step 0."""
    rows = MODEL.hear_conditions(tf.constant(values[:, None]), tf.zeros((len(values), 1), tf.bool)).numpy()[:, 0]
    rows[0] = 0
    return rows


def test_each_sequence_hears_its_own_conditions_step_by_step_and_nothing_after_them():
    sets = [known(0), known(1, steps=3), known(0)]
    state = CONDITIONING.state(sets).select(tf.constant([1, 0, 2, 0]))
    classes = tf.zeros(4, tf.int32)
    read = [[BOS] * 4, [3, 3, 3, 2], [3] * 4, [3] * 4, [2] * 4, [BOS] * 4]
    expected_steps = [[0] * 4, [1, 1, 1, 0], [2, 2, 2, 1], [3, 3, 3, 2], [3, 3, 3, 2], [0] * 4]
    for tokens, steps in zip(read, expected_steps, strict=True):
        state, rows = CONDITIONING.advance(state, tf.constant(tokens, tf.int32), classes)
        assert state.step.numpy().tolist() == steps
        for row, number, step in zip(rows.numpy(), [1, 0, 2, 0], steps, strict=True):
            expected = heard(sets[number])
            np.testing.assert_allclose(row, expected[step] if step < len(expected) else 0, atol=1e-5)


def test_a_whole_document_is_looked_up_at_once():
    state = CONDITIONING.state([known(0), known(1)])
    rows = CONDITIONING.along(state, tf.constant([[0], [0], [2], [5], [6], [99]])).numpy()
    for number in range(2):
        expected = np.concatenate([heard(known(number)), np.zeros((1, 12))])
        np.testing.assert_allclose(rows[:, number], expected[[0, 0, 2, 5, 6, 6]], atol=1e-5)


def test_a_model_without_conditions_hears_nothing():
    state = Conditioning(toys.model()).state([known(0)])
    assert not state
    assert state.select(tf.constant([0])) == ConditionState()
    assert CONDITIONING.advance(state, tf.constant([3]), tf.constant([0]))[1] is None
    assert CONDITIONING.along(state, tf.constant([[0]])) is None


def test_values_that_no_channel_has_are_refused():
    with pytest.raises(ValueError, match="no channel has"):
        CONDITIONING.state([known(0) + 3])

"""Conditions: the step of each position, what values are accepted, and the window that a training segment hears."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.grammar import BOS, Conditions
from seqgen.grammar.conditions import LOOK_AHEAD, WINDOW_MULTIPLE, ConditionPart, condition_window

ADVANCING = Conditions(np.array([0, 0, 0, 1], np.int32), np.array([[False, True], [False, False]]), (3, 2))
"""Token 3 moves on, but not in class 1. One channel has two known values and the other has one."""


def values(steps: int, seed: int = 0) -> np.ndarray:
    known = np.random.default_rng(seed).integers(0, [3, 2], (steps, 2)).astype(np.int32)
    known[0] = 0
    return known


def test_steps_follow_the_tokens_and_the_classes():
    assert ADVANCING.steps(np.array([BOS, 3, 2, 3, 3]), np.array([0, 0, 0, 1, 0])).tolist() == [0, 1, 1, 1, 2]


def test_they_fit_one_vocabulary_and_one_number_of_classes():
    assert ADVANCING.fits(4, 2)
    assert not ADVANCING.fits(5, 2)
    assert not ADVANCING.fits(4, 1)


@pytest.mark.parametrize(
    ("wrong", "change"),
    [
        ("a value that the channel does not have", lambda array: np.where(array == 2, 3, array)),
        ("a negative value", lambda array: array - 1),
        ("something at step 0", lambda array: array + [[1, 0]] * (np.arange(len(array)) == 0)[:, None]),
        ("too few channels", lambda array: array[:, :1]),
    ],
)
def test_values_that_no_channel_has_are_not_accepted(wrong, change):
    assert ADVANCING.accepts(values(20))
    assert not ADVANCING.accepts(change(values(20))), wrong


@pytest.mark.parametrize(
    ("kind", "sizes", "message"), [([0, 2], (2,), "must be a column"), ([0], (), "need a channel"), ([0], (1,), "need")]
)
def test_tables_that_do_not_fit_are_refused(kind, sizes, message):
    with pytest.raises(ValueError, match=message):
        Conditions(np.array(kind), np.zeros((1, 1), bool), sizes)


def test_each_position_hears_its_step_and_the_look_ahead_of_its_own_document_alone():
    first, second = values(9, seed=1), values(200, seed=2)
    parts = [ConditionPart(first, np.array([7, 8, 8])), ConditionPart(second, np.array([0, 0, 1, 2, 2]))]
    window = condition_window([parts, [ConditionPart(second, np.array([150] * 8))]])
    assert window.values.shape == (len(window.resets), 2, 2)
    assert len(window.values) % WINDOW_MULTIPLE == 0
    at = window.values[window.rows, np.arange(2)]
    assert at[:, 0].tolist() == [*first[[7, 8, 8]].tolist(), *second[[0, 0, 1, 2, 2]].tolist()]
    assert at[:, 1].tolist() == second[[150] * 8].tolist()
    assert window.rows[[3, 4], 0].tolist() == [0, 0]
    # Between two documents a row divides them; after the last one, it is heard as far as the look-ahead reaches.
    dividers = np.flatnonzero(window.resets[:, 0]).tolist()
    assert dividers == [0, 3, 4 + 2 + LOOK_AHEAD]
    assert window.values[4 : dividers[-1], 0].tolist() == second[1 : 3 + LOOK_AHEAD].tolist()
    assert np.flatnonzero(window.resets[:, 1]).tolist() == [0, 1 + 50]


def test_a_step_that_the_values_do_not_reach_says_nothing():
    window = condition_window([[ConditionPart(values(3, seed=5), np.array([2, 3, 4]))]])
    assert window.values[window.rows[1:, 0], 0].tolist() == [[0, 0], [0, 0]]

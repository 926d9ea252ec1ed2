"""Registers: what they hold after each token, and which tables are refused."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.grammar import NO_COORDINATE, Registers, lags

COORDINATE = np.array([NO_COORDINATE, NO_COORDINATE, -7, 0, 100], np.int32)
"""Of BOS, EOS and the tokens 2, 3 and 4."""


def test_lags_hold_the_last_coordinates_and_begin_anew_with_each_document():
    registers = lags(COORDINATE, (1, 2, 3), class_count=1)
    after = registers.unroll(np.array([0, 2, 4, 1, 0, 3]), np.zeros(6, np.int32))
    assert registers.coordinates.tolist() == [-7, 0, 100]
    assert after.tolist() == [[0, 0, 0], [1, 0, 0], [3, 1, 0], [0, 3, 1], [0, 0, 0], [2, 0, 0]]


def test_lags_keep_what_lies_between_as_memory():
    registers = lags(COORDINATE, (1, 4), class_count=1)
    ids = np.array([0, 2, 3, 4, 2, 3, 3, 0, 4])
    after = registers.unroll(ids, np.zeros(len(ids), np.int32))
    assert (registers.reference_count, registers.memory_count, registers.seen_count) == (2, 2, 2)
    assert after[:, :2].tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [1, 1], [2, 2], [2, 3], [0, 0], [3, 0]]


def test_differences_are_clipped_and_those_of_nothing_have_a_row_of_their_own():
    difference = lags(COORDINATE, (1,), 1).difference
    assert difference.tolist() == [[49] * 4, [49, 24, 17, 0], [49, 31, 24, 0], [49, 48, 48, 24]]


def counting() -> Registers:
    """Register 0 holds the last coordinate and 1 counts the tokens 3 since then; in class 1 nothing changes."""
    kind = np.array([0, 0, 0, 1, 0], np.int32)
    update, sources = np.array([[0, 1], [2, 2]]), np.array([[2, 3], [0, 4], [0, 1]])
    return Registers(COORDINATE, kind, update, sources, np.array([2, 0, 2]), counter_count=1)


def test_a_counter_counts_keeps_its_value_and_begins_anew():
    after = counting().unroll(np.array([0, 4, 3, 3, 2, 3, 0, 3]), np.zeros(8, np.int32))
    assert after.tolist() == [[0, 0], [3, 0], [3, 1], [3, 2], [1, 0], [1, 1], [0, 0], [0, 1]]


def test_the_class_of_the_state_after_a_token_chooses_the_update():
    after = counting().unroll(np.array([0, 4, 2]), np.array([0, 0, 1]))
    assert after[-1].tolist() == [3, 0]


def test_they_fit_one_vocabulary_and_one_number_of_classes():
    assert counting().fits(5, 2)
    assert not counting().fits(6, 2)
    assert not counting().fits(5, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": np.zeros(4, np.int32)}, "need a kind"),
        ({"subject": np.array([2])}, "a subject for each update"),
        ({"kind": np.full(5, 2)}, "each kind of registers must be between 0 and 1"),
        ({"update": np.full((2, 2), 3)}, "each update of registers must be between 0 and 2"),
        ({"sources": np.full((3, 2), 5)}, "each source of registers must be between 0 and 4"),
        ({"subject": np.array([2, 4, 2])}, "each subject of registers must be between 0 and 3"),
        ({"sources": np.array([[1, 3]] * 3)}, "cannot take its value from a counter"),
        ({"sources": np.array([[0, 2]] * 3)}, "nor a counter from one"),
        ({"subject": np.array([1, 2, 2])}, "cannot take its value from a counter"),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        Registers(**{**vars(counting()), **change})

"""Segments of single documents."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.engine.segment import segment_arrays, split_document
from seqgen.grammar import BOS


def test_segments_hold_every_input_once_with_its_target_weight_and_state():
    grammar, ids = toys.turns(), toys.documents(1, seed=4)[0]
    weights, states = np.arange(len(ids)) / 8, grammar.unroll(ids)
    for steps in (1, 7, len(ids), 100):
        parts = list(split_document(ids, weights, grammar, steps))
        assert {field.shape for part in parts for field in part} == {(steps, 1)}
        inputs, targets, counts, after = (np.concatenate(field)[: len(ids), 0] for field in zip(*parts, strict=True))
        np.testing.assert_array_equal(inputs, ids)
        np.testing.assert_array_equal(targets, [*ids[1:], BOS])
        np.testing.assert_array_equal(counts, [*weights[1:], 0])
        np.testing.assert_array_equal(after, states)


def test_the_arrays_of_a_segment_come_in_the_order_of_compiled_functions():
    grammar, ids = toys.turns(), toys.documents(1, seed=4)[0]
    (segment, *_) = split_document(ids, np.ones(len(ids)), grammar, 8)
    for made, expected in zip(segment_arrays(segment), segment, strict=True):
        np.testing.assert_array_equal(made, expected)


def test_a_document_that_the_grammar_forbids_has_no_segments():
    with pytest.raises(ValueError, match="not allowed"):
        list(split_document(np.array([BOS, 2, 2]), np.ones(3), toys.turns(), 8))

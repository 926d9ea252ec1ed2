"""Packed documents: every id is in one place, with its state and with the id that follows."""

from __future__ import annotations

import numpy as np
import pytest
from engine import toys

from seqgen.engine.scoring.packed_scorer import SEGMENT_LENGTH
from seqgen.grammar import BOS, EOS
from seqgen.workflows.packed_documents import LARGE_BATCH_SIZE, SMALL_BATCH_SIZE, packed_segments


@pytest.mark.parametrize("count", [3, 11])
def test_documents_are_end_to_end_with_their_states_and_targets(count):
    grammar = toys.turns()
    documents = [*toys.documents(count - 1, seed=2), np.array([BOS, *[3, 4] * 2 * SEGMENT_LENGTH, EOS])]
    found = [[np.full(len(ids), -1) for ids in documents] for _ in range(3)]
    for segment, spans in packed_segments(documents, grammar):
        is_filler = np.ones(segment.inputs.shape, bool)
        for document, first, length, step, stream in spans:
            for part, values in zip(found, segment, strict=True):
                part[document][first : first + length] = values[step : step + length, stream]
            assert is_filler[step : step + length, stream].all()
            is_filler[step : step + length, stream] = False
        assert segment.inputs.shape == (SEGMENT_LENGTH, SMALL_BATCH_SIZE if count <= 8 else LARGE_BATCH_SIZE)
        assert (segment.inputs[is_filler] == BOS).all()
    for ids, inputs, targets, states in zip(documents, *found, strict=True):
        assert inputs.tolist() == ids.tolist()
        assert targets[:-1].tolist() == ids[1:].tolist()
        assert states.tolist() == grammar.unroll(ids).tolist()


def test_no_documents_have_no_segments():
    assert list(packed_segments([], toys.turns())) == []


def test_a_document_that_the_grammar_forbids_is_a_value_error():
    with pytest.raises(ValueError, match="position 1"):
        list(packed_segments([np.array([BOS, BOS])], toys.turns()))

"""Scores of packed streams beside those of single documents."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.engine.scoring.packed_scorer import SEGMENT_LENGTH, PackedScorer
from seqgen.engine.scoring.scorer import Scorer
from seqgen.grammar import BOS


@pytest.fixture(scope="module", params=[None, toys.repeating()], ids=["", "coordinates"])
def model(request):
    return toys.model(registers=request.param)


@pytest.fixture(scope="module")
def packed_scorer(model):
    return PackedScorer(model)


@pytest.fixture(scope="module")
def scorer(model):
    return Scorer(model)


@pytest.fixture(scope="module")
def packed(model):
    """Two streams of two documents each, more than one segment long: inputs, states, and place and ids of each."""
    documents = [document[:30] for document in toys.documents(4, seed=6)]
    length = 1 + max(len(documents[0]) + len(documents[1]), len(documents[2]) + len(documents[3]))
    inputs = np.full((length, 2), BOS, np.int32)
    states, places = np.zeros_like(inputs), []
    for stream in (0, 1):
        step = 0
        for ids in documents[2 * stream : 2 * stream + 2]:
            inputs[step : step + len(ids), stream] = ids
            states[step : step + len(ids), stream] = model.grammar.unroll(ids)
            places.append((step, stream, ids))
            step += len(ids)
    assert length > SEGMENT_LENGTH
    return inputs, states, places


def test_every_target_costs_what_it_costs_in_a_document_alone(packed_scorer, scorer, packed):
    inputs, states, places = packed
    nats = packed_scorer.negative_log_likelihood(inputs, states, np.roll(inputs, -1, axis=0))
    for step, stream, ids in places:
        made = nats[step : step + len(ids) - 1, stream]
        np.testing.assert_allclose(made, scorer.negative_log_likelihood(ids)[1:], atol=1e-4)


def test_tokens_are_as_likely_after_a_position_as_in_a_document_alone(packed_scorer, scorer, packed):
    inputs, states, places = packed
    tokens = np.array([2, 3, 7], np.int32)
    positions = np.array([[step + len(ids) // 2, stream] for step, stream, ids in places])
    made = packed_scorer.log_probabilities(inputs, states, positions, tokens)
    for row, (_, _, ids) in zip(made, places, strict=True):
        expected = scorer.probabilities(ids)[len(ids) // 2, tokens]
        np.testing.assert_allclose(np.exp(row), expected, atol=1e-5)

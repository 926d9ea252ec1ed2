"""Scores of packed streams beside those of single documents."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.engine.scoring.packed_scorer import SEGMENT_LENGTH, PackedScorer, PackedSegment
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
    """Two streams of two documents each, in two segments: the segments, and place and ids of each document."""
    documents = [document[:30] for document in toys.documents(4, seed=6)]
    inputs = np.full((2 * SEGMENT_LENGTH, 2), BOS, np.int32)
    states, places = np.zeros_like(inputs), []
    for stream in (0, 1):
        step = 0
        for ids in documents[2 * stream : 2 * stream + 2]:
            inputs[step : step + len(ids), stream] = ids
            states[step : step + len(ids), stream] = model.grammar.unroll(ids)
            places.append((step, stream, ids))
            step += len(ids)
        assert SEGMENT_LENGTH < step <= 2 * SEGMENT_LENGTH
    parts = [np.split(array, 2) for array in (inputs, np.roll(inputs, -1, axis=0), states)]
    return [PackedSegment(*segment) for segment in zip(*parts, strict=True)], places


def outputs_of(packed_scorer, segments):
    memory = None
    for segment in segments:
        outputs, memory = packed_scorer.read(segment, memory)
        yield segment, outputs


def test_every_target_costs_what_it_costs_in_a_document_alone(packed_scorer, scorer, packed):
    segments, places = packed
    pairs = outputs_of(packed_scorer, segments)
    nats = np.concatenate([packed_scorer.negative_log_likelihood(outputs, segment) for segment, outputs in pairs])
    for step, stream, ids in places:
        made = nats[step : step + len(ids) - 1, stream]
        np.testing.assert_allclose(made, scorer.negative_log_likelihood(ids)[1:], atol=1e-4)


def test_tokens_are_as_likely_after_a_position_as_in_a_document_alone(packed_scorer, scorer, packed):
    segments, places = packed
    tokens = np.array([2, 3, 7], np.int32)
    asked = [(step + len(ids) // 2, stream, scorer.probabilities(ids)[len(ids) // 2, tokens])
             for step, stream, ids in places]  # fmt: skip
    compared = 0
    for number, (segment, outputs) in enumerate(outputs_of(packed_scorer, segments)):
        inside = [one for one in asked if one[0] // SEGMENT_LENGTH == number]
        positions = np.array([(step % SEGMENT_LENGTH, stream) for step, stream, _ in inside])
        made = packed_scorer.log_probabilities(outputs, segment, positions, tokens)
        np.testing.assert_allclose(np.exp(made), [expected for *_, expected in inside], atol=1e-5)
        compared += len(inside)
    assert compared == len(places)

"""The neural cache beside the sum in its paper."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.scoring.neural_cache import NeuralCache
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import InvalidValue

CACHE = NeuralCache(size=50, interpolation=0.3, flatness=5.0)


def test_a_cache_gives_what_the_papers_sum_over_past_positions_gives():
    model = toys.model()
    plain, cached, ids = Scorer(model), Scorer(model, cache=CACHE), toys.long_document(0)
    states = model.grammar.unroll(ids)
    classes = tf.constant(model.grammar.state_class[states][:, None])
    outputs = (
        model.forward(tf.constant(ids[:, None]), classes, model.initial_memory(1))[0].hidden.numpy()[:, 0].astype(float)
    )
    outputs /= np.linalg.norm(outputs, axis=1, keepdims=True)
    expected = plain.probabilities(ids).astype(float)
    for t in range(len(ids)):
        counted = np.zeros(model.grammar.vocabulary_size)
        for i in range(max(0, t - CACHE.size), t):
            if model.grammar.allowed[states[t], ids[i + 1]]:
                counted[ids[i + 1]] += np.exp(CACHE.flatness * outputs[t] @ outputs[i])
        if counted.any():
            expected[t] = (1 - CACHE.interpolation) * expected[t] + CACHE.interpolation * counted / counted.sum()
    np.testing.assert_allclose(cached.probabilities(ids), expected, atol=1e-5)


@pytest.mark.parametrize("cache", [{"size": 0}, {"interpolation": 0}, {"interpolation": 1}, {"flatness": -1}])
def test_a_cache_that_cannot_be_is_refused(cache):
    with pytest.raises(InvalidValue, match=r"cannot be .*must be"):
        NeuralCache(**cache)

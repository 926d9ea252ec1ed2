"""Windowed attention beside one query at a time."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import reference
from seqgen.engine.layers.attention import window_attention


@pytest.mark.parametrize(("steps", "block"), [(12, 3), (9, 9)])
def test_each_query_sees_exactly_the_last_m_positions_of_its_own_document(steps, block):
    random = np.random.default_rng(0)
    memory, batch, width = 5, 2, 4
    query, key, value = (random.normal(size=(n, batch, width)) for n in (steps, memory + steps, memory + steps))
    bias = random.normal(size=memory + 1)
    key_document = np.cumsum(random.random((memory + steps, batch)) < 0.25, 0).astype(np.int32)
    query_document = key_document[memory:]
    mixed, weights = window_attention(
        *(tf.constant(a, tf.float32) for a in (query, key, value, bias)),
        tf.constant(query_document),
        tf.constant(key_document),
    )
    expected = reference.attention(query, key, value, bias, query_document, key_document)
    np.testing.assert_allclose(mixed, expected, atol=1e-5)
    seen = weights.numpy() > 0
    assert seen.shape == (batch, steps, memory + block)
    for t in range(steps):
        within = t % block
        assert seen[:, t, within + memory].all()
        assert not seen[:, t, :within].any()
        assert not seen[:, t, within + memory + 1 :].any()

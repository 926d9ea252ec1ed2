"""The cross-entropy and its gradient are those of automatic differentiation."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqgen.engine.layers.attention import MASKED_LOGIT
from seqgen.engine.layers.cross_entropy import cross_entropy


@pytest.mark.parametrize("bias_shape", [(6,), (3, 2, 6)])
def test_nats_and_gradients_are_those_of_automatic_differentiation(bias_shape):
    rng = np.random.default_rng(0)
    logits, bias = (tf.constant(rng.normal(size=shape), tf.float32) for shape in ((3, 2, 6), bias_shape))
    allowed = rng.random((3, 2, 6)) < 0.6
    targets = rng.integers(0, 6, (3, 2))
    np.put_along_axis(allowed, targets[..., None], True, -1)
    weights = tf.constant(rng.random((3, 2)), tf.float32)

    def by_tensorflow():
        masked = tf.where(allowed, logits + bias, MASKED_LOGIT)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=masked)

    results = []
    for nats_of in (by_tensorflow, lambda: cross_entropy(logits, bias, tf.constant(allowed), tf.constant(targets))):
        with tf.GradientTape() as tape:
            tape.watch([logits, bias])
            nats = nats_of()
            loss = tf.reduce_sum(weights * nats)
        results.append([nats, *tape.gradient(loss, [logits, bias])])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)

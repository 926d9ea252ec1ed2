"""RMSNorm and its gradient beside its formula."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.layers.rms_norm import rms_norm


def test_the_norms_gradient_is_that_of_its_formula():
    random = np.random.default_rng(0)
    x, gain = tf.Variable(random.normal(size=(3, 4, 5))), tf.Variable(random.normal(size=5))

    def formula(x, gain):
        return x / tf.sqrt(tf.reduce_mean(x**2, -1, keepdims=True) + 1e-6) * gain

    single = [tf.Variable(tf.cast(value, tf.float32)) for value in (x, gain)]
    with tf.GradientTape() as tape:
        expected = formula(x, gain)
        expected_gradients = tape.gradient(tf.reduce_sum(tf.sin(expected)), [x, gain])
    with tf.GradientTape() as tape:
        made = rms_norm(*single)
        gradients = tape.gradient(tf.reduce_sum(tf.sin(made)), single)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    for gradient, value in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, value, atol=1e-5)

"""Products in bfloat16 beside those in float32."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.layers.products import linear


def test_products_in_bfloat16_are_rounded_to_its_eight_bits_and_no_worse():
    random = np.random.default_rng(0)
    x, weights = (tf.Variable(random.normal(size=shape), dtype=tf.float32) for shape in ((32, 64), (64, 16)))
    results = []
    for precision in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            made = linear(x, weights, precision)
            loss = tf.reduce_sum(made * made)
        results.append([made, *tape.gradient(loss, [x, weights])])
    for exact, rounded in zip(*results, strict=True):
        error = np.abs(rounded - exact).max() / np.abs(exact).max()
        assert 1e-4 < error < 2**-6

"""Products with embeddings: looked up by row, and made for each position."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.layers.embedding import EmbeddingLookup, project_embeddings


def test_looking_products_up_is_the_product_of_what_is_looked_up():
    random = np.random.default_rng(0)
    ids = [random.integers(0, rows, (7, 3)).astype(np.int32) for rows in (6, 4)]
    tables = [tf.Variable(random.normal(size=(rows, 5)), dtype=tf.float32) for rows in (6, 4)]
    gain, weights = (tf.Variable(random.normal(size=shape), dtype=tf.float32) for shape in ((5,), (5, 8)))
    made, gradients = [], []
    for positions in (7, 1):  # 21 positions and 10 rows: looked up; 3 positions: multiplied
        parts = []
        with tf.GradientTape() as tape:
            for begin in range(0, 7, positions):
                part = slice(begin, begin + positions)
                lookups = [EmbeddingLookup(table, tf.constant(i[part])) for table, i in zip(tables, ids, strict=True)]
                parts.append(project_embeddings(lookups, gain, weights, tf.float32))
            value = tf.concat(parts, 0)
            loss = tf.reduce_sum(tf.sin(value))
        made.append(value)
        gradients.append([tf.convert_to_tensor(g) for g in tape.gradient(loss, [*tables, gain, weights])])
    np.testing.assert_allclose(*made, atol=1e-5)
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)

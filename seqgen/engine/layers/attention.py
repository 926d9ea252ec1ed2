"""Causal attention over exactly the last M positions, across segment borders.

Scaled dot-product attention (Vaswani et al. 2017, *Attention Is All You Need*, equation 1) with one narrow head. Keys
and values of earlier segments are kept as they were projected (Dai et al. 2019, *Transformer-XL*, section 3.2), and no
gradient flows into them. In place of positions, a learned bias for each distance 0…M is added to the scores (after
Press et al. 2022, *ALiBi*, where it is a fixed slope).
"""

from __future__ import annotations

import tensorflow as tf

from seqgen.engine.compiling import compiled

BLOCKED = -1e9
BLOCKS = 4
"""Queries ask in blocks, each of those positions that one of its own can see: less to compute, and it stays cached."""


@compiled
def window_attention(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    distance_bias: tf.Tensor,
    query_document: tf.Tensor,
    key_document: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Each query looks at itself and the M positions before it, within its own document.

    query [T, B, A]; key and value [M + T, B, A], the memory of M positions first; distance_bias [M + 1], by how many
    positions back; query_document int32[T, B] and key_document int32[M + T, B] number the documents.
    Gives the mixed values [T, B, A] and the attention weights [B, T, M + S]: S queries make a block (T if there is only
    one), and what a query looks at is counted from what the first of its block can see.
    """
    steps, _, width = query.shape
    memory = key.shape[0] - steps
    size = steps // BLOCKS if steps % BLOCKS == 0 else steps
    distance = memory + tf.range(size)[:, None] - tf.range(memory + size)[None, :]
    within = (distance >= 0) & (distance <= memory)
    bias = tf.where(within, tf.gather(distance_bias, tf.clip_by_value(distance, 0, memory)), BLOCKED)
    # Batch first: a sequence's products are then of matrices that lie in one piece.
    query, key, value = (tf.transpose(part, (1, 0, 2)) for part in (query * width**-0.5, key, value))
    query_document, key_document = tf.transpose(query_document), tf.transpose(key_document)
    mixed, weights = [], []
    for begin in range(0, steps, size):
        asking, seen = slice(begin, begin + size), slice(begin, begin + memory + size)
        scores = tf.matmul(query[:, asking], key[:, seen], transpose_b=True) + bias
        same_document = query_document[:, asking, None] == key_document[:, None, seen]
        weights.append(tf.nn.softmax(tf.where(same_document, scores, BLOCKED)))
        mixed.append(tf.matmul(weights[-1], value[:, seen]))
    return tf.transpose(tf.concat(mixed, 1), (1, 0, 2)), tf.concat(weights, 1)

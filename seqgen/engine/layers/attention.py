"""Causal attention to exactly the last M positions, across the borders of segments.

Scaled dot-product attention (Vaswani et al. 2017, *Attention Is All You Need*, equation 1) with one narrow head:

    a_t = softmax over d = 0 … M of (q_t · k_{t-d} / √A + bias_d)        mixed_t = Σ_d a_{t,d} v_{t-d}

Keys and values of earlier segments are kept as they were projected, and no gradient flows into them (Dai et al. 2019,
*Transformer-XL*, section 3.2). In place of a position encoding there is a learned bias for each distance d (after Press
et al. 2022, *ALiBi*, where it is a fixed slope). Positions of other documents are masked.
"""

from __future__ import annotations

import tensorflow as tf

from seqgen.engine.compiling import compiled

MASKED_LOGIT = -1e9
"""The logit of what is masked. Its probability is exactly 0 in float32."""
QUERY_BLOCKS = 4
"""Queries are worked out in blocks. A block reads only the keys that its queries can see, which stay in the cache."""


@compiled
def window_attention(
    query: tf.Tensor,
    key: tf.Tensor,
    value: tf.Tensor,
    distance_bias: tf.Tensor,
    query_document: tf.Tensor,
    key_document: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Each query attends to itself and to the M positions before it, within its own document.

    query [T, B, A]; key and value [M + T, B, A], those of the M positions before the segment first; distance_bias
    [M + 1] by distance; query_document int32[T, B] and key_document int32[M + T, B] number the documents.

    Returns the mixed values [T, B, A] and the attention weights [B, T, M + S]. S queries make a block (S = T where T is
    no multiple of 4), and the last axis counts positions from the first one that the first query of the block can see.
    """
    steps, _, size = query.shape
    window = key.shape[0] - steps
    block = steps // QUERY_BLOCKS if steps % QUERY_BLOCKS == 0 else steps
    distance = window + tf.range(block)[:, None] - tf.range(window + block)[None, :]
    in_window = (distance >= 0) & (distance <= window)
    bias = tf.where(in_window, tf.gather(distance_bias, tf.clip_by_value(distance, 0, window)), MASKED_LOGIT)
    # Batch first: the matrices of one sequence then lie in one piece.
    query, key, value = (tf.transpose(part, (1, 0, 2)) for part in (query * size**-0.5, key, value))
    query_document, key_document = tf.transpose(query_document), tf.transpose(key_document)
    mixed, weights = [], []
    for begin in range(0, steps, block):
        queries, keys = slice(begin, begin + block), slice(begin, begin + window + block)
        scores = tf.matmul(query[:, queries], key[:, keys], transpose_b=True) + bias
        same_document = query_document[:, queries, None] == key_document[:, None, keys]
        weights.append(tf.nn.softmax(tf.where(same_document, scores, MASKED_LOGIT)))
        mixed.append(tf.matmul(weights[-1], value[:, keys]))
    return tf.transpose(tf.concat(mixed, 1), (1, 0, 2)), tf.concat(weights, 1)

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
    Gives the mixed values [T, B, A] and the attention weights [B, T, M + T].
    """
    steps, _, width = query.shape
    memory = key.shape[0] - steps
    distance = memory + tf.range(steps)[:, None] - tf.range(memory + steps)[None, :]
    within = (distance >= 0) & (distance <= memory)
    bias = tf.where(within, tf.gather(distance_bias, tf.clip_by_value(distance, 0, memory)), BLOCKED)
    same_document = tf.transpose(query_document)[:, :, None] == tf.transpose(key_document)[:, None, :]
    scores = tf.einsum("tba,sba->bts", query, key) * width**-0.5 + bias
    weights = tf.nn.softmax(tf.where(same_document, scores, BLOCKED))
    return tf.einsum("bts,sba->tba", weights, value), weights

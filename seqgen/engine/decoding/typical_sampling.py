"""Locally typical sampling (Meister, Pimentel, Wiher & Cotterell 2022, equation 5)."""

from __future__ import annotations

import tensorflow as tf

from seqgen.engine.layers.attention import MASKED_LOGIT


def keep_typical(logits: tf.Tensor, allowed: tf.Tensor, mass: tf.Tensor) -> tf.Tensor:
    """Returns logits [B, V] with -1e9 for tokens that are not typical.

    The information content -ln p of a typical token is near the entropy of the distribution. Kept are the tokens whose
    information content is nearest, as many as needed for the probability `mass`, and tokens that are equally near as
    the last of them. allowed is bool[B, V].
    """
    log_probability = tf.nn.log_softmax(tf.where(allowed, logits, MASKED_LOGIT))
    probability = tf.exp(log_probability)
    # A probability of 0 times its logarithm counts as 0.
    entropy = -tf.reduce_sum(tf.where(probability > 0, probability * log_probability, 0.0), -1, keepdims=True)
    distance = tf.where(probability > 0, tf.abs(log_probability + entropy), tf.float32.max)
    order = tf.argsort(distance, -1)
    before = tf.cumsum(tf.gather(probability, order, batch_dims=1), -1, exclusive=True)
    # The nearest token is always kept, for a mass of 0 too.
    is_kept = (before < mass) | (tf.range(logits.shape[-1]) == 0)
    nearest_first = tf.gather(distance, order, batch_dims=1)
    threshold = tf.reduce_max(tf.where(is_kept, nearest_first, 0.0), -1, keepdims=True)
    return tf.where(distance <= threshold, logits, MASKED_LOGIT)

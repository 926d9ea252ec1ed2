"""The cross-entropy of the next token, with its gradient written out.

    nats = ln Σ_v exp(z_v) - z_target        over the tokens v that the grammar allows

A large vocabulary makes the logits z the largest array of a training step, and each pass over it takes as long as a
small product. XLA makes one pass forward and one backward, where automatic differentiation makes seven.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.layers.attention import MASKED_LOGIT


def cross_entropy(logits: tf.Tensor, bias: tf.Tensor, allowed: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Returns the nats [...] of targets int32[...].

    logits [..., V]; bias [V] or [..., V], which is added to them; allowed bool[..., V]
    """

    def differentiable(logits: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, ...]]]:
        nats, normalizer = _forward(logits, bias, allowed, targets)

        def gradient(d_nats: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            d_logits = _backward(logits, bias, allowed, targets, normalizer, d_nats)
            if bias.shape.rank == logits.shape.rank:
                return d_logits, d_logits
            # A sum over rows as a product with ones: XLA and TensorFlow add floats up on one core.
            rows = tf.reshape(d_logits, (-1, d_logits.shape[-1]))
            return d_logits, tf.matmul(tf.ones((1, rows.shape[0])), rows)[0]

        return nats, gradient

    result: tf.Tensor = tf.custom_gradient(differentiable)(logits, tf.convert_to_tensor(bias))
    return result


@compiled
def _forward(logits: tf.Tensor, bias: tf.Tensor, allowed: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the nats [...] and ln Σ exp(z) [...]."""
    masked = tf.where(allowed, logits + bias, MASKED_LOGIT)
    normalizer = tf.reduce_logsumexp(masked, -1)
    return normalizer - tf.gather(masked, targets, batch_dims=targets.shape.rank), normalizer


@compiled
def _backward(logits: tf.Tensor, bias: tf.Tensor, allowed: tf.Tensor, targets: tf.Tensor, normalizer: tf.Tensor,
              d_nats: tf.Tensor) -> tf.Tensor:  # fmt: skip
    """Returns the gradient of the logits [..., V]."""
    probabilities = tf.exp(tf.where(allowed, logits + bias, MASKED_LOGIT) - normalizer[..., None])
    return (probabilities - tf.one_hot(targets, logits.shape[-1])) * d_nats[..., None]

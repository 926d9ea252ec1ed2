"""Large matrix products, and how exact they are.

Products take nearly all the time of a training step. They run outside XLA, whose own are slower; in bfloat16 (8 bits
of mantissa; Kalamkar et al. 2019, *A Study of BFLOAT16 for Deep Learning Training*) factors and results are rounded,
and sums still made in float32.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from seqgen.engine.compiling import compiled


def linear(x: tf.Tensor, weights: tf.Tensor, precision: tf.DType = tf.float32) -> tf.Tensor:
    """x [..., K] times weights [K, N] = float32 [..., N]; its product and those of its gradient are in `precision`."""
    rows = tf.reshape(x, (-1, x.shape[-1]))

    @tf.custom_gradient
    def times(x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        x, weights = tf.cast(x, precision), tf.cast(weights, precision)

        def gradient(d: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            d = tf.cast(d, precision)
            return tf.cast(_times_transposed(d, weights), tf.float32), transposed_times(x, d, precision)

        return tf.cast(tf.matmul(x, weights), tf.float32), gradient

    return tf.reshape(times(rows, tf.convert_to_tensor(weights)), (*x.shape[:-1], weights.shape[-1]))


def transposed_times(a: tf.Tensor, b: tf.Tensor, precision: tf.DType = tf.float32) -> tf.Tensor:
    """aᵀ b = float32 [K, N] for a [R, K] and b [R, N]: a weight's gradient."""
    return tf.cast(tf.matmul(tf.cast(a, precision), tf.cast(b, precision), transpose_a=True), tf.float32)


def _times_transposed(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """a bᵀ = [R, K] for a [R, N] and b [K, N]: an input's gradient."""
    # The one product in which XLA is ahead: 22 ms for [4096, 2048] x [2048, 512], TensorFlow's own takes 27.
    return _compiled_times_transposed(a, b) if a.dtype == tf.float32 else tf.matmul(a, b, transpose_b=True)


@compiled
def _compiled_times_transposed(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.matmul(a, b, transpose_b=True)

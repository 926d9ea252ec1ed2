"""Matrix products, and how exact they are.

Products take nearly all the time of a training step. The large ones, over all steps of a segment, run outside XLA,
whose own are slower; those within the loop over time are part of it. In bfloat16 (8 bits of mantissa; Kalamkar et al.
2019, *A Study of BFLOAT16 for Deep Learning Training*) factors are rounded, results of large products too, and sums
still made in float32.
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


def times_in_loop(a: tf.Tensor, b: tf.Tensor, blocks: int = 1) -> tf.Tensor:
    """a b = float32 [R, N] for float32 a [R, K], in the precision of b [K, N], as a part of an XLA program.

    In bfloat16 the sum over K is made in as many parts as there are `blocks`: with b's 2 048 rows as four blocks of 512
    it takes 31 ms for 128 steps of 16 rows, whole 38 ms; in float32 41 ms, in parts 55.
    """
    if b.dtype == tf.float32:
        return tf.matmul(a, b)
    parts = zip(tf.split(tf.cast(a, b.dtype), blocks, 1), tf.split(b, blocks, 0), strict=True)
    # With a result in bfloat16, XLA's product on a CPU would turn its factors to float32 first.
    return tf.add_n([tf.raw_ops.BatchMatMulV3(x=part, y=rows, Tout=tf.float32) for part, rows in parts])

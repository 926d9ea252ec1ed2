"""Matrix products, and their precision.

Products take nearly all the time of a training step. The large ones, over all steps of a segment, run outside of XLA,
whose own are slower. Those within the loop over time are part of XLA's program. In bfloat16, which has 8 bits of
mantissa, factors and the results of large products are rounded, and sums are still made in float32 (Kalamkar et al.
2019, *A Study of BFLOAT16 for Deep Learning Training*).
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from seqgen.engine.compiling import compiled


def linear(x: tf.Tensor, weights: tf.Tensor, precision: tf.DType = tf.float32) -> tf.Tensor:
    """Returns x W, float32 [..., N], for x [..., K] and W [K, N]. The product and its gradient's are in `precision`."""
    rows = tf.reshape(x, (-1, x.shape[-1]))

    def product(x: tf.Tensor, weights: tf.Tensor) -> tuple[tf.Tensor, Callable[..., tuple[tf.Tensor, tf.Tensor]]]:
        x, weights = tf.cast(x, precision), tf.cast(weights, precision)

        def gradient(d_product: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            d_product = tf.cast(d_product, precision)
            d_x = tf.cast(_matmul_transpose_b(d_product, weights), tf.float32)
            return d_x, matmul_transpose_a(x, d_product, precision)

        return tf.cast(tf.matmul(x, weights), tf.float32), gradient

    flat = tf.custom_gradient(product)(rows, tf.convert_to_tensor(weights))
    return tf.reshape(flat, (*x.shape[:-1], weights.shape[-1]))


def matmul_transpose_a(a: tf.Tensor, b: tf.Tensor, precision: tf.DType = tf.float32) -> tf.Tensor:
    """Returns aᵀ b, float32 [K, N], for a [R, K] and b [R, N]: the gradient of a weight."""
    return tf.cast(tf.matmul(tf.cast(a, precision), tf.cast(b, precision), transpose_a=True), tf.float32)


def _matmul_transpose_b(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Returns a bᵀ [R, K] for a [R, N] and b [K, N]: the gradient of an input."""
    # The one product in which XLA is ahead: 22 ms for [4096, 2048] x [2048, 512], where TensorFlow's own takes 27.
    return _compiled_matmul_transpose_b(a, b) if a.dtype == tf.float32 else tf.matmul(a, b, transpose_b=True)


@compiled
def _compiled_matmul_transpose_b(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.matmul(a, b, transpose_b=True)


def matmul_in_loop(a: tf.Tensor, b: tf.Tensor, blocks: int = 1) -> tf.Tensor:
    """Returns a b, float32 [R, N], for float32 a [R, K] and b [K, N] in the precision of b, inside an XLA program.

    In bfloat16, the sum over K is made in as many parts as there are `blocks`: with the 2 048 rows of b in four blocks
    of 512 it takes 31 ms for 128 steps of 16 rows, and in one 38 ms. In float32, parts would cost 55 ms in place of 41.
    """
    if b.dtype == tf.float32:
        return tf.matmul(a, b)
    parts = zip(tf.split(tf.cast(a, b.dtype), blocks, 1), tf.split(b, blocks, 0), strict=True)
    # With a result in bfloat16, XLA's product on a CPU would convert its factors to float32 first.
    return tf.add_n([tf.raw_ops.BatchMatMulV3(x=part, y=rows, Tout=tf.float32) for part, rows in parts])

"""RMSNorm (Zhang & Sennrich 2019), with its gradient written out.

r = 1 / sqrt(mean(x²) + ε)        y = gain * x r
dx = r (gain dy - x r · mean(gain dy * x r))        dgain = Σ dy * x r
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from seqgen.engine.compiling import compiled

EPSILON = 1e-6


@compiled
def rms_norm(x: tf.Tensor, gain: tf.Tensor) -> tf.Tensor:
    """Returns x [..., D], divided by its root mean square over the last axis, times gain [D]."""
    rows = tf.reshape(x, (-1, x.shape[-1]))
    return tf.reshape(tf.custom_gradient(_rms_norm_with_gradient)(rows, tf.convert_to_tensor(gain)), x.shape)


def _rms_norm_with_gradient(
    x: tf.Tensor, gain: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
    """Returns the norm of rows x [R, D], and its gradient.

    Every sum is a product with ones, because XLA adds floats up one by one on a CPU.
    """
    rows, width = x.shape

    def mean(values: tf.Tensor) -> tf.Tensor:
        return tf.matmul(values, tf.fill((width, 1), 1.0 / width))

    scale = tf.math.rsqrt(mean(tf.square(x)) + EPSILON)
    unit = x * scale

    def gradient(d_out: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        d_unit = d_out * gain
        d_gain = tf.matmul(tf.ones((1, rows)), d_out * unit)[0]
        return scale * (d_unit - unit * mean(d_unit * unit)), d_gain

    return unit * gain, gradient

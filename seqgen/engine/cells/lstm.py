"""The long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers, Schmidhuber & Cummins 2000).

    z    = x_t W + h_{t-1} R + b
    i, f = sigmoid(z_i), sigmoid(z_f)         input gate and forget gate
    g    = tanh(z_g)                          candidate
    o    = sigmoid(z_o)                       output gate
    c_t  = f * c_{t-1} + i * g                cell state
    h_t  = o * tanh(c_t)                      hidden state

Its gradient is written out, which saves computing the gates again: 5 % of a training step. With dh and dc the gradients
of h_t and c_t that come from later steps,

    dc   ← dc + dh * o * (1 - tanh(c_t)²)
    dz_i = dc * g * i (1 - i)                 sigmoid' = s (1 - s)
    dz_f = dc * c_{t-1} * f (1 - f)
    dz_g = dc * i * (1 - g²)                  tanh' = 1 - t²
    dz_o = dh * tanh(c_t) * o (1 - o)
    dc_{t-1} = dc * f

h_{t-1} takes part through z alone.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import Cell, StepGradient, StepOutput
from seqgen.engine.cells.registry import register_cell


class Lstm(Cell):
    """The LSTM. Its blocks are in the order i f g o."""

    blocks = ("input_gate", "forget_gate", "candidate", "output_gate")
    cell_state_blocks = 1
    saves_activations = True

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        # sigmoid(z) = ½ tanh(½ z) + ½, so one operation computes all four blocks.
        scale, shift = _scale_and_shift(cell_state.shape[-1], z.dtype)
        activations = tf.tanh(z * scale) * scale + shift
        input_gate, forget_gate, candidate, output_gate = tf.split(activations, 4, -1)
        cell_state = forget_gate * cell_state + input_gate * candidate
        return StepOutput(output_gate * tf.tanh(cell_state), cell_state, activations)

    def gradient(self, saved: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, new_cell_state: tf.Tensor,
                 extra: tf.Tensor, d_hidden: tf.Tensor, d_cell_state: tf.Tensor) -> StepGradient:  # fmt: skip
        scale, shift = _scale_and_shift(cell_state.shape[-1], saved.dtype)
        input_gate, forget_gate, candidate, output_gate = tf.split(saved, 4, -1)
        squashed = tf.tanh(new_cell_state)
        d_cell = d_cell_state + d_hidden * output_gate * (1 - squashed * squashed)
        # The derivatives of sigmoid and tanh at once: with scale and shift, both are scale² - (activation - shift)².
        derivative = scale**2 - (saved - shift) ** 2
        factor = tf.concat([candidate, cell_state, input_gate, squashed], -1)
        d_z = tf.concat([d_cell, d_cell, d_cell, d_hidden], -1) * factor * derivative
        return StepGradient(d_z, tf.zeros_like(d_hidden), d_cell * forget_gate, tf.zeros_like(extra))


def _scale_and_shift(hidden_size: int, dtype: tf.DType) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns two vectors [4H]: scale · tanh(scale · z) + shift is a sigmoid for ½ and ½, and tanh for 1 and 0."""
    return (
        tf.constant(np.repeat([0.5, 0.5, 1.0, 0.5], hidden_size), dtype),
        tf.constant(np.repeat([0.5, 0.5, 0.0, 0.5], hidden_size), dtype),
    )


register_cell("lstm", Lstm())

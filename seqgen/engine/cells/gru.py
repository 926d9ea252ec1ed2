"""The gated recurrent unit (Cho et al. 2014), with the reset gate after the product, as cuDNN and Keras have it.

r, u = sigmoid(z_r), sigmoid(z_u)                        reset gate and update gate
n    = tanh(x_t W_n + b_n + r * (h_{t-1} R_n + b'_n))    candidate
h_t  = (1 - u) * n + u * h_{t-1}                         hidden state
"""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from seqgen.engine.cells.base import Cell, CellWeights, StepOutput
from seqgen.engine.cells.registry import register_cell


class Gru(Cell):
    """The GRU. The two terms of the candidate are two blocks of z; the weights that a term lacks are zeros there."""

    blocks = ("reset_gate", "update_gate", "candidate")

    def weight_shapes(self, hidden_size: int) -> dict[str, tuple[int, ...]]:
        return {**super().weight_shapes(hidden_size), "recurrent_bias": (hidden_size,)}

    def assemble(self, weights: Mapping[str, tf.Tensor]) -> CellWeights:
        recurrent = tf.convert_to_tensor(weights["recurrent_weights"])
        hidden_size = recurrent.shape[0]
        zeros = tf.zeros((hidden_size, hidden_size))
        gates, candidate = recurrent[:, : 2 * hidden_size], recurrent[:, 2 * hidden_size :]
        return CellWeights(
            tf.concat([weights["input_weights"], zeros], 1),
            tf.concat([gates, zeros, candidate], 1),
            tf.concat([weights["bias"], weights["recurrent_bias"]], 0),
            tf.zeros(0),
        )

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        reset_gate, update_gate, from_input, from_hidden = tf.split(z, 4, -1)
        reset_gate, update_gate = tf.sigmoid(reset_gate), tf.sigmoid(update_gate)
        candidate = tf.tanh(from_input + reset_gate * from_hidden)
        hidden = (1 - update_gate) * candidate + update_gate * hidden
        return StepOutput(hidden, cell_state, tf.concat([reset_gate, update_gate, candidate], -1))


register_cell("gru", Gru())

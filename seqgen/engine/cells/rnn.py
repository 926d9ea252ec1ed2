"""The simple recurrent network (Elman 1990), whose gradients vanish over long distances (Hochreiter 1991).

h_t = tanh(x_t W + h_{t-1} R + b)
"""

from __future__ import annotations

import tensorflow as tf

from seqgen.engine.cells.base import Cell, StepOutput
from seqgen.engine.cells.registry import register_cell


class Rnn(Cell):
    """The simple recurrent network. Its only block is the candidate, which is the hidden state."""

    blocks = ("candidate",)

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        hidden = tf.tanh(z)
        return StepOutput(hidden, cell_state, hidden)


register_cell("rnn", Rnn())

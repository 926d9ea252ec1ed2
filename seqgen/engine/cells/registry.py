"""All recurrent cells by name, and those that are no LSTM, each as its paper writes it."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from seqgen.engine.cells.base import Cell, Step, Weights
from seqgen.engine.cells.lstm import Lstm, Variant


class Rnn(Cell):
    """The simple recurrent network (Elman 1990): h_t = tanh(z). The one whose gradients vanish (Hochreiter 1991)."""

    blocks = ("candidate",)

    def step(self, z: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, own: tf.Tensor) -> Step:
        hidden = tf.tanh(z)
        return Step(hidden, carried, hidden)


class Echo(Rnn):
    """The echo state network (Jaeger 2001): a fixed random recurrence; only the read-out is learned."""

    learns = False


class Gru(Cell):
    """The gated recurrent unit (Cho et al. 2014), with the reset gate after the product, as cuDNN and Keras have it.

        r, u = sigmoid(z_r), sigmoid(z_u)                    reset and update gate
        n    = tanh(x W_n + b_n + r * (h_{t-1} R_n + b'_n))  candidate
        h_t  = (1 - u) * n + u * h_{t-1}

    The two halves of n's pre-activation are two blocks of z, with zeros for weights where the other half has its own.
    """

    blocks = ("reset_gate", "update_gate", "candidate")

    def shapes(self, units: int) -> dict[str, tuple[int, ...]]:
        return {**super().shapes(units), "recurrent_bias": (units,)}

    def weights(self, parts: Mapping[str, tf.Tensor]) -> Weights:
        recurrent = tf.convert_to_tensor(parts["recurrent_weights"])
        units = recurrent.shape[0]
        nothing = tf.zeros((units, units))
        return Weights(
            tf.concat([parts["input_weights"], nothing], 1),
            tf.concat([recurrent[:, : 2 * units], nothing, recurrent[:, 2 * units :]], 1),
            tf.concat([parts["bias"], parts["recurrent_bias"]], 0),
            tf.zeros(0),
        )

    def step(self, z: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, own: tf.Tensor) -> Step:
        reset_gate, update_gate, from_input, from_past = tf.split(z, 4, -1)
        reset_gate, update_gate = tf.sigmoid(reset_gate), tf.sigmoid(update_gate)
        candidate = tf.tanh(from_input + reset_gate * from_past)
        hidden = (1 - update_gate) * candidate + update_gate * hidden
        return Step(hidden, carried, tf.concat([reset_gate, update_gate, candidate], -1))


CELLS: dict[str, Cell] = {
    "lstm": Lstm(),
    "peephole": Variant(),
    "coupled": Variant(forget_gate="coupled"),
    "gru": Gru(),
    "rnn": Rnn(),
    "echo": Echo(),
    "nig": Variant(input_gate=False),
    "nfg": Variant(forget_gate="none"),
    "nog": Variant(output_gate=False),
    "niaf": Variant(input_activation=False),
    "noaf": Variant(output_activation=False),
    "fgr": Variant(gate_recurrence=True),
}
"""Greff's NP, no peepholes, is `lstm`."""

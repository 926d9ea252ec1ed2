"""The LSTM, and the variants of it that Greff et al. (2017), *LSTM: A Search Space Odyssey*, took apart.

    z = x_t W + h_{t-1} R + b
    i, f = sigmoid(z_i + p_i * c_{t-1}), sigmoid(z_f + p_f * c_{t-1})      input and forget gate
    g    = tanh(z_g)                                                       candidate
    c_t  = f * c_{t-1} + i * g                                             cell state
    o    = sigmoid(z_o + p_o * c_t)                                        output gate
    h_t  = o * tanh(c_t)                                                   hidden state

`lstm` is without the peepholes p (in the paper: NP), `peephole` with them is the paper's vanilla LSTM, and each other
variant changes one thing in that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import Cell, Gradient, Step, Weights


class Lstm(Cell):
    """Hochreiter & Schmidhuber (1997), *Long Short-Term Memory*, with the forget gate of Gers et al. (2000).

    Blocks are in the order i f g o. It has its gradient written out: that saves computing the gates again, 5 % of
    a training step.
    """

    blocks = ("input_gate", "forget_gate", "candidate", "output_gate")
    carried = 1
    keeps_activations = True

    def step(self, z: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, own: tf.Tensor) -> Step:
        # sigmoid(z) = ½ tanh(½ z) + ½, so that all four blocks are one operation.
        stretch, shift = _stretch_and_shift(carried.shape[-1], z.dtype)
        activations = tf.tanh(z * stretch) * stretch + shift
        input_gate, forget_gate, candidate, output_gate = tf.split(activations, 4, -1)
        cell_state = forget_gate * carried + input_gate * candidate
        return Step(output_gate * tf.tanh(cell_state), cell_state, activations)

    def gradient(self, kept: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, after: tf.Tensor, own: tf.Tensor,
                 d_hidden: tf.Tensor, d_carried: tf.Tensor) -> Gradient:  # fmt: skip
        stretch, shift = _stretch_and_shift(carried.shape[-1], kept.dtype)
        input_gate, forget_gate, candidate, output_gate = tf.split(kept, 4, -1)
        squashed = tf.tanh(after)
        d_cell = d_carried + d_hidden * output_gate * (1 - squashed * squashed)
        # What each block is multiplied by on its way into c or h, and its own derivative: s (1 - s) for a sigmoid,
        # 1 - t² for tanh; with the stretch and shift of `step` both are stretch² - (a - shift)².
        partner = tf.concat([candidate, carried, input_gate, squashed], -1)
        d_z = tf.concat([d_cell, d_cell, d_cell, d_hidden], -1) * partner * (stretch**2 - (kept - shift) ** 2)
        return Gradient(d_z, tf.zeros_like(d_hidden), d_cell * forget_gate, tf.zeros_like(own))


def _stretch_and_shift(units: int, dtype: tf.DType) -> tuple[tf.Tensor, tf.Tensor]:
    """By block [4H]: a = stretch tanh(stretch z) + shift is a sigmoid for ½ and ½, tanh for 1 and 0."""
    return (
        tf.constant(np.repeat([0.5, 0.5, 1.0, 0.5], units), dtype),
        tf.constant(np.repeat([0.5, 0.5, 0.0, 0.5], units), dtype),
    )


@dataclass(frozen=True)
class Variant(Cell):
    """The LSTM with peepholes (Gers & Schmidhuber 2000), and one thing changed in it."""

    input_gate: bool = True
    """False: i = 1 (NIG)."""
    forget_gate: str = "own"
    """"own", "none": f = 1 (NFG), or "coupled": f = 1 - i (CIFG)."""
    output_gate: bool = True
    """False: o = 1 (NOG)."""
    input_activation: bool = True
    """False: g = z_g (NIAF)."""
    output_activation: bool = True
    """False: h = o * c (NOAF)."""
    gate_recurrence: bool = False
    """True: the gates of the step before feed all gates (FGR), as in the LSTM of 1997."""

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that have pre-activations, in the order of their blocks."""
        has = {"input_gate": self.input_gate, "forget_gate": self.forget_gate == "own", "output_gate": self.output_gate}
        return tuple(gate for gate, there in has.items() if there)

    @property
    def blocks(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.gates, "candidate")

    @property
    def carried(self) -> int:  # type: ignore[override]
        return 1 + (len(self.gates) if self.gate_recurrence else 0)

    def shapes(self, units: int) -> dict[str, tuple[int, ...]]:
        gates = len(self.gates) * units
        shapes = {**super().shapes(units), "peepholes": (gates,)}
        if self.gate_recurrence:
            shapes["gate_weights"] = (gates, gates)
        return shapes

    def weights(self, parts: Mapping[str, tf.Tensor]) -> Weights:
        recurrent = tf.convert_to_tensor(parts["recurrent_weights"])
        if self.gate_recurrence:
            # Gates of the past reach the gates, and not the candidate.
            candidate = ((0, 0), (0, recurrent.shape[0]))
            recurrent = tf.concat([recurrent, tf.pad(parts["gate_weights"], candidate)], 0)
        return Weights(parts["input_weights"], recurrent, parts["bias"], tf.convert_to_tensor(parts["peepholes"]))

    def recalled(self, hidden: tf.Tensor, carried: tf.Tensor) -> tf.Tensor:
        if not self.gate_recurrence:
            return hidden
        return tf.concat([hidden, carried[..., hidden.shape[-1] :]], -1)

    def step(self, z: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, own: tf.Tensor) -> Step:
        units = hidden.shape[-1]
        before = carried[:, :units]
        block = dict(zip(self.blocks, tf.split(z, len(self.blocks), -1), strict=True))
        peephole = dict(zip(self.gates, tf.split(own, len(self.gates)), strict=True))

        def gate(name: str, cell_state: tf.Tensor) -> tf.Tensor:
            if name not in block:
                return tf.ones_like(cell_state)
            return tf.sigmoid(block[name] + peephole[name] * cell_state)

        input_gate = gate("input_gate", before)
        forget_gate = 1 - input_gate if self.forget_gate == "coupled" else gate("forget_gate", before)
        candidate = tf.tanh(block["candidate"]) if self.input_activation else block["candidate"]
        cell_state = forget_gate * before + input_gate * candidate
        output_gate = gate("output_gate", cell_state)
        hidden = output_gate * (tf.tanh(cell_state) if self.output_activation else cell_state)
        made = {"input_gate": input_gate, "forget_gate": forget_gate, "output_gate": output_gate}
        gates = [made[name] for name in self.gates]
        carried = tf.concat([cell_state, *gates], -1) if self.gate_recurrence else cell_state
        return Step(hidden, carried, tf.concat([*gates, candidate], -1))

"""The LSTM with peepholes, and the variants of it in Greff et al. (2017), *LSTM: A Search Space Odyssey*.

    z    = x_t W + h_{t-1} R + b
    i, f = sigmoid(z_i + p_i * c_{t-1}), sigmoid(z_f + p_f * c_{t-1})      input gate and forget gate
    g    = tanh(z_g)                                                       candidate
    c_t  = f * c_{t-1} + i * g                                             cell state
    o    = sigmoid(z_o + p_o * c_t)                                        output gate
    h_t  = o * tanh(c_t)                                                   hidden state

The peepholes p_i, p_f, p_o [H] let the gates see the cell state (Gers & Schmidhuber 2000). `peephole` is the paper's
vanilla LSTM, and every other variant changes one thing in it. The variant without peepholes, NP, is `lstm` (lstm.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from seqgen.engine.cells.base import Cell, CellWeights, StepOutput
from seqgen.engine.cells.registry import register_cell


@dataclass(frozen=True)
class LstmVariant(Cell):
    """The LSTM with peepholes, and the changes to it that are chosen here. Its blocks are in the order i f o g."""

    input_gate: bool = True
    """False: i = 1 (NIG)."""
    forget_gate: Literal["own", "none", "coupled"] = "own"
    """"own": as above; "none": f = 1 (NFG); "coupled": f = 1 - i (CIFG)."""
    output_gate: bool = True
    """False: o = 1 (NOG)."""
    input_activation: bool = True
    """False: g = z_g (NIAF)."""
    output_activation: bool = True
    """False: h_t = o * c_t (NOAF)."""
    gate_recurrence: bool = False
    """True: the gates of the step before feed all gates (FGR), as in the LSTM of 1997. They are part of c."""

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that have pre-activations, in the order of their blocks."""
        present = {
            "input_gate": self.input_gate,
            "forget_gate": self.forget_gate == "own",
            "output_gate": self.output_gate,
        }
        return tuple(gate for gate, is_present in present.items() if is_present)

    @property
    def blocks(self) -> tuple[str, ...]:
        return (*self.gates, "candidate")

    @property
    def cell_state_blocks(self) -> int:
        return 1 + (len(self.gates) if self.gate_recurrence else 0)

    def weight_shapes(self, hidden_size: int) -> dict[str, tuple[int, ...]]:
        gates = len(self.gates) * hidden_size
        shapes = {**super().weight_shapes(hidden_size), "peepholes": (gates,)}
        if self.gate_recurrence:
            shapes["gate_weights"] = (gates, gates)
        return shapes

    def assemble(self, weights: Mapping[str, tf.Tensor]) -> CellWeights:
        recurrent = tf.convert_to_tensor(weights["recurrent_weights"])
        if self.gate_recurrence:
            # The gates of the step before reach the gates, and not the candidate.
            no_candidate = ((0, 0), (0, recurrent.shape[0]))
            recurrent = tf.concat([recurrent, tf.pad(weights["gate_weights"], no_candidate)], 0)
        peepholes = tf.convert_to_tensor(weights["peepholes"])
        return CellWeights(weights["input_weights"], recurrent, weights["bias"], peepholes)

    def recurrent_input(self, hidden: tf.Tensor, cell_state: tf.Tensor) -> tf.Tensor:
        if not self.gate_recurrence:
            return hidden
        return tf.concat([hidden, cell_state[..., hidden.shape[-1] :]], -1)

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        before = cell_state[:, : hidden.shape[-1]]
        block = dict(zip(self.blocks, tf.split(z, len(self.blocks), -1), strict=True))
        peephole = dict(zip(self.gates, tf.split(extra, len(self.gates)), strict=True))

        def gate(name: str, seen: tf.Tensor) -> tf.Tensor:
            return tf.sigmoid(block[name] + peephole[name] * seen) if name in block else tf.ones_like(seen)

        input_gate = gate("input_gate", before)
        forget_gate = 1 - input_gate if self.forget_gate == "coupled" else gate("forget_gate", before)
        candidate = tf.tanh(block["candidate"]) if self.input_activation else block["candidate"]
        now = forget_gate * before + input_gate * candidate
        output_gate = gate("output_gate", now)
        hidden = output_gate * (tf.tanh(now) if self.output_activation else now)
        values = {"input_gate": input_gate, "forget_gate": forget_gate, "output_gate": output_gate}
        gates = [values[name] for name in self.gates]
        cell_state = tf.concat([now, *gates], -1) if self.gate_recurrence else now
        return StepOutput(hidden, cell_state, tf.concat([*gates, candidate], -1))


register_cell("peephole", LstmVariant())
register_cell("coupled", LstmVariant(forget_gate="coupled"))
register_cell("nig", LstmVariant(input_gate=False))
register_cell("nfg", LstmVariant(forget_gate="none"))
register_cell("nog", LstmVariant(output_gate=False))
register_cell("niaf", LstmVariant(input_activation=False))
register_cell("noaf", LstmVariant(output_activation=False))
register_cell("fgr", LstmVariant(gate_recurrence=True))

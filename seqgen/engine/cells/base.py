"""What a recurrent cell is: the equations of one time step.

A layer of H units reads an input x_t [B, H] at each step t and passes two states on to the next step: the hidden state
h_t [B, H], which is its output, and the cell state c_t [B, C·H], which only the cell itself reads (nothing, C = 0, in a
GRU or a simple RNN). The loop over time in layers/recurrence.py works out the pre-activations of G blocks, which are
the gates and the candidate,

    z_t = x_t W + u_{t-1} R + b        [B, G·H]        u: the recurrent input, for most cells u = h

and the cell turns them into the next states:

    h_t, c_t = step(z_t, h_{t-1}, c_{t-1})

The gradient of a step follows from its equations by automatic differentiation, unless the cell has its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import tensorflow as tf


class CellWeights(NamedTuple):
    """A layer's weights in the form in which the loop over time reads them."""

    input: tf.Tensor  # W [H, G·H]
    recurrent: tf.Tensor  # R [K·H, G·H], where the recurrent input has K blocks
    bias: tf.Tensor  # b [G·H]
    extra: tf.Tensor  # [P·H], weights that only the equations of the cell read (peepholes); empty for most cells


class StepOutput(NamedTuple):
    """The result of one step."""

    hidden: tf.Tensor  # h_t [B, H]
    cell_state: tf.Tensor  # c_t [B, C·H]
    activations: tf.Tensor  # [B, ·], the blocks that `Cell.blocks` names, after their activation functions


class StepGradient(NamedTuple):
    """The gradient of a loss with respect to everything that one step reads."""

    z: tf.Tensor  # [B, G·H]
    hidden: tf.Tensor  # of h_{t-1} [B, H], without the path through the recurrent weights
    cell_state: tf.Tensor  # of c_{t-1} [B, C·H]
    extra: tf.Tensor  # [P·H]


class Cell:
    """One kind of recurrence. A cell holds no weights and no states."""

    is_trainable: ClassVar[bool] = True
    """Whether training changes the weights of the cell. If not, only what reads its states is trained."""
    saves_activations: ClassVar[bool] = False
    """Whether `gradient` starts from a step's activations. If not, it starts from the pre-activations z."""

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the gates and of the candidate, in the order of their columns in the weights and activations."""
        raise NotImplementedError

    @property
    def cell_state_blocks(self) -> int:
        """C: the cell state is C·H wide."""
        return 0

    def weight_shapes(self, hidden_size: int) -> dict[str, tuple[int, ...]]:
        """Returns the shape of each weight of a layer, by name. A layer's input is as wide as the layer."""
        columns = len(self.blocks) * hidden_size
        return {
            "input_weights": (hidden_size, columns),
            "recurrent_weights": (hidden_size, columns),
            "bias": (columns,),
        }

    def assemble(self, weights: Mapping[str, tf.Tensor]) -> CellWeights:
        """Returns the weights that `weight_shapes` names in the form in which the loop over time reads them."""
        return CellWeights(weights["input_weights"], weights["recurrent_weights"], weights["bias"], tf.zeros(0))

    def recurrent_input(self, hidden: tf.Tensor, cell_state: tf.Tensor) -> tf.Tensor:
        """Returns u [..., K·H], the input of the recurrent weights: h, then the last K − 1 blocks of c."""
        return hidden

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        """Returns h_t, c_t and the activations of one step.

        Takes z_t [B, G·H], the states h_{t-1} [B, H] and c_{t-1} [B, C·H] of the step before, and `CellWeights.extra`.
        """
        raise NotImplementedError

    def gradient(self, saved: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, new_cell_state: tf.Tensor,
                 extra: tf.Tensor, d_hidden: tf.Tensor, d_cell_state: tf.Tensor) -> StepGradient:  # fmt: skip
        """Returns the gradient of one step from those of h_t, d_hidden [B, H], and c_t, d_cell_state [B, C·H].

        `saved` are the activations if `saves_activations`, else z_t. The states are h_{t-1}, c_{t-1} and c_t.
        """
        with tf.GradientTape() as tape:
            tape.watch([saved, hidden, cell_state, extra])
            output = self.step(saved, hidden, cell_state, extra)
        zero = tf.UnconnectedGradients.ZERO
        targets, sources = [output.hidden, output.cell_state], [saved, hidden, cell_state, extra]
        return StepGradient(*tape.gradient(targets, sources, [d_hidden, d_cell_state], unconnected_gradients=zero))

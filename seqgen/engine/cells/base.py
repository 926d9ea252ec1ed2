"""What a recurrent cell is: the equations of one step.

A cell sees the pre-activations z [B, G·H] of its G blocks (gates and candidate), which the loop in recurrence.py makes
of the input and of what is recalled of the past, and gives the next states. Its gradient follows from its equations
by automatic differentiation, unless it brings its own. The cells themselves stand in cells.py and lstm_cells.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import tensorflow as tf


class Weights(NamedTuple):
    """A layer's weights as the loop uses them: z = x W + recalled R + b."""

    input: tf.Tensor  # W [D, G·H]
    recurrent: tf.Tensor  # R [K·H, G·H], where K blocks are recalled
    bias: tf.Tensor  # b [G·H]
    own: tf.Tensor  # [P·H], what the cell alone knows how to use (peepholes); empty for most


class Step(NamedTuple):
    """What a cell makes of one step."""

    hidden: tf.Tensor  # [B, H]
    carried: tf.Tensor  # [B, C·H], what goes to the next step beside the hidden state: the cell state, or nothing
    activations: tf.Tensor  # [B, ·H], what `Cell.blocks` names, after their activation functions


class Gradient(NamedTuple):
    """The gradient of a loss with respect to what went into one step."""

    z: tf.Tensor
    hidden: tf.Tensor
    carried: tf.Tensor
    own: tf.Tensor


class Cell:
    """One kind of recurrence; has no state and no weights of its own."""

    blocks: tuple[str, ...]
    """The gates and the candidate, in the order of their columns in the weights and in `Step.activations`."""
    carried: int = 0
    """C: how many blocks are carried to the next step beside the hidden state."""
    learns: ClassVar[bool] = True
    """Whether the recurrence is trained, or only what reads it."""
    keeps_activations: ClassVar[bool] = False
    """Whether the gradient starts from the activations of a step; if not, from its pre-activations z."""

    def shapes(self, units: int) -> dict[str, tuple[int, ...]]:
        """The shapes of a layer's weights by name; inputs are as wide as the layer."""
        columns = len(self.blocks) * units
        return {"input_weights": (units, columns), "recurrent_weights": (units, columns), "bias": (columns,)}

    def weights(self, parts: Mapping[str, tf.Tensor]) -> Weights:
        """The weights of `shapes` as the loop uses them."""
        return Weights(parts["input_weights"], parts["recurrent_weights"], parts["bias"], tf.zeros(0))

    def recalled(self, hidden: tf.Tensor, carried: tf.Tensor) -> tf.Tensor:
        """What of the step before goes through the recurrent weights: [..., K·H]."""
        return hidden

    def step(self, z: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, own: tf.Tensor) -> Step:
        """The equations: z [B, G·H], hidden [B, H] and carried [B, C·H] of the step before."""
        raise NotImplementedError

    def gradient(self, kept: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, after: tf.Tensor, own: tf.Tensor,
                 d_hidden: tf.Tensor, d_carried: tf.Tensor) -> Gradient:  # fmt: skip
        """The gradient of one step, given those of its hidden and carried states.

        kept is z, or the activations where `keeps_activations`; hidden and carried are of the step before,
        `after` [B, C·H] is what it carried on.
        """
        with tf.GradientTape() as tape:
            tape.watch([kept, hidden, carried, own])
            made = self.step(kept, hidden, carried, own)
        none = tf.UnconnectedGradients.ZERO
        states, sources = [made.hidden, made.carried], [kept, hidden, carried, own]
        return Gradient(*tape.gradient(states, sources, [d_hidden, d_carried], unconnected_gradients=none))

"""Seeing inside: what a model's gates, states and attention do while it reads, and how far back its gradients reach.

Both look at the forward pass that everything else uses (`Model.forward` notes down what its layers read) and at the
cells' own equations; nothing is computed by a second definition.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import Cell, Step, Weights
from seqgen.engine.compiling import compiled
from seqgen.engine.layers.recurrence import every_step
from seqgen.engine.model import Memory, Model, Seen
from seqgen.engine.segment import cut
from seqgen.grammar import BOS

SEGMENT = 128


@dataclass(frozen=True, eq=False)
class Activity:
    """What went on in a model while it read n ids: N recurrent layers of H units, attention over the last M positions.

    At BOS, which resets the states, hidden and cell states are 0 whatever the gates were.
    """

    gates: dict[str, np.ndarray]
    """float32[n, N, H] between 0 and 1 for each gate, by the names that the cell gives them (`input_gate` …)."""
    candidate: np.ndarray
    """float32[n, N, H]: what is offered to the state."""
    cell_states: np.ndarray | None
    """float32[n, N, H]; None for a cell that has none (gru, rnn, echo)."""
    hidden_states: np.ndarray
    """float32[n, N, H]."""
    attention: np.ndarray | None
    """float32[n, 1, M + 1]: which share of what attention takes comes from d = 0 … M positions back, for its one head.
    A row adds up to 1; before the document's beginning it is 0. None for a model without attention."""


class Observer:
    """Looks into a model, segment by segment with the memory carried on; compiled once for a segment."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._observe = compiled(self._observe_segment)
        self._look_back = compiled(self._look_back_on_segment)

    def activity(self, ids: np.ndarray) -> Activity:
        """What goes on while a document int32[n] is read.

        Raises ValueError when there is no id, and when the model's grammar forbids one.
        """
        if not len(ids):
            raise ValueError("there must be one id at least")
        parts = [np.concatenate(part)[: len(ids)] for part in zip(*self._segments(ids), strict=True)]
        hidden, carried, activations, attention = parts
        blocks = self.model.cell.blocks
        named = dict(zip(blocks, np.split(activations, len(blocks), -1), strict=True))
        return Activity(
            gates={name: values for name, values in named.items() if name != "candidate"},
            candidate=named["candidate"],
            cell_states=carried[..., : hidden.shape[-1]] if self.model.cell.carried else None,
            hidden_states=hidden,
            attention=attention if self.model.settings.attention_window else None,
        )

    def _segments(self, ids: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Of each segment: hidden states, what is carried, and activations [T, N, ·], and attention [T, 1, M + 1]."""
        memory = self.model.empty_memory(1)
        for segment in cut(ids, np.ones(len(ids)), self.model.grammar, SEGMENT):
            *seen, memory = self._observe(segment.inputs, segment.states, memory)
            yield [one.numpy() for one in seen]

    def _observe_segment(self, inputs: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple:
        seen, remembered = Seen(), self.model.settings.attention_window
        _, after = self.model.forward(inputs, tf.gather(self.model.tables.state_class, states), memory, seen=seen)
        layers = [every_step(self.model.cell, *layer) for layer in seen.layers]
        attention = tf.zeros((inputs.shape[0], 1, 0))
        if seen.attention is not None:
            # From the position of what is looked at, counted within a block of queries, to how far back it is.
            within = tf.range(inputs.shape[0]) % (seen.attention.shape[-1] - remembered)
            position = within[:, None] + remembered - tf.range(remembered + 1)
            attention = tf.gather(seen.attention[0], position, batch_dims=1)[:, None]
        return *(tf.stack(part, 1)[:, :, 0] for part in zip(*layers, strict=True)), attention, after

    def gradient_norms(self, ids: np.ndarray, furthest: int) -> np.ndarray:
        """float64[K + 1, N]: how much the cost of a document's last id depends on hidden states k = 0 … K steps before.

        That is ‖∂L/∂h_{T-k}‖ for each of N recurrent layers, L = -ln p(last of ids int32[n] | those before), T the step
        that reads the last but one: what vanishes in a plain RNN (Hochreiter 1991; Pascanu et al. 2013). K is
        `furthest`, or as far as the document goes back; for BOS, which resets the states, it is 0. Memory grows with K,
        not with n. Raises ValueError for fewer than two ids, and when the model's grammar forbids one.
        """
        if len(ids) < 2:
            raise ValueError("there must be two ids at least")
        grammar, memory, steps = self.model.grammar, self.model.empty_memory(1), furthest + 1
        # Whole segments, so that the last one ends at T: more BOS before the document change nothing.
        missing = -(len(ids) - 1) % steps
        inputs = np.concatenate([np.full(missing, BOS), ids[:-1]]).astype(np.int32)[:, None]
        states = np.concatenate([np.full(missing, grammar.start), grammar.unroll(ids)[:-1]]).astype(np.int32)[:, None]
        last = tf.constant(ids[-1], tf.int32)
        for begin in range(0, len(inputs), steps):
            part = slice(begin, begin + steps)
            gradients, memory = self._look_back(inputs[part], states[part], last, memory)
        # In float64, because the square of a small float32 is 0.
        return np.linalg.norm(gradients.numpy()[::-1].astype(np.float64), axis=-1)[: len(ids) - 1]

    def _look_back_on_segment(self, inputs: tf.Tensor, states: tf.Tensor, last: tf.Tensor, memory: Memory
                              ) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """The gradient of the cost of `last` by all hidden states [T, N, H], and the memory after."""
        model, tables, seen = copy.copy(self.model), self.model.tables, Seen()
        model.cell = Nudged(model.cell)
        with tf.GradientTape() as tape:
            tape.watch(list(model.weights.values()))  # also of a cell that is not learned
            x, memory = model.forward(inputs, tf.gather(tables.state_class, states), memory, seen=seen)
            logits = model.logits(x[-1], tf.gather(tables.allowed, states[-1]))
            cost = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=last[None], logits=logits)
        by_input = tape.gradient(cost, [from_input for from_input, *_ in seen.layers])
        return tf.stack([gradient[:, 0, -model.settings.hidden_size :] for gradient in by_input], 1), memory


@dataclass(frozen=True)
class Nudged(Cell):
    """A cell to whose hidden state something is added in each step: one block of z more, which is 0.

    The gradient of a loss by that block is its gradient by the hidden state, along all paths into later steps.
    """

    cell: Cell

    @property
    def blocks(self) -> tuple[str, ...]:  # type: ignore[override]
        return (*self.cell.blocks, "nudge")

    @property
    def carried(self) -> int:  # type: ignore[override]
        return self.cell.carried

    def shapes(self, units: int) -> dict[str, tuple[int, ...]]:
        return self.cell.shapes(units)

    def weights(self, parts: Mapping[str, tf.Tensor]) -> Weights:
        weights = self.cell.weights(parts)
        units = parts["recurrent_weights"].shape[0]
        with_block = {name: tf.pad(getattr(weights, name), ((0, 0), (0, units))) for name in ("input", "recurrent")}
        return weights._replace(**with_block, bias=tf.pad(weights.bias, ((0, units),)))

    def recalled(self, hidden: tf.Tensor, carried: tf.Tensor) -> tf.Tensor:
        return self.cell.recalled(hidden, carried)

    def step(self, z: tf.Tensor, hidden: tf.Tensor, carried: tf.Tensor, own: tf.Tensor) -> Step:
        units = hidden.shape[-1]
        made = self.cell.step(z[:, :-units], hidden, carried, own)
        return made._replace(hidden=made.hidden + z[:, -units:])

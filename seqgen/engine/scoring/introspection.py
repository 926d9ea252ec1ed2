"""What happens inside a model: its gates, states and attention while it reads, and how far back its gradients reach.

Both come from the forward pass that everything else uses (`Model.forward` fills in a `ForwardTrace`) and from the
equations of the cells. Nothing is computed by a second definition.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import Cell, CellWeights, StepOutput
from seqgen.engine.compiling import compiled
from seqgen.engine.layers.recurrence import all_steps
from seqgen.engine.model import ForwardTrace, Memory, Model
from seqgen.engine.segment import split_document
from seqgen.grammar import BOS

SEGMENT_LENGTH = 128


@dataclass(frozen=True, eq=False)
class Activations:
    """The activations of a model that reads n ids: N recurrent layers of H units, attention to the last M positions.

    At BOS, which resets the states, hidden and cell states are 0 whatever the gates are.
    """

    gates: dict[str, np.ndarray]
    """float32[n, N, H] between 0 and 1 for each gate, by the names that the cell gives them (`input_gate` …)."""
    candidate: np.ndarray
    """float32[n, N, H]: the candidate for the new state."""
    cell_states: np.ndarray | None
    """float32[n, N, H]; None for a cell without a cell state (gru, rnn, echo)."""
    hidden_states: np.ndarray
    """float32[n, N, H]."""
    attention: np.ndarray | None
    """float32[n, 1, M + 1]: attention weights of the positions d = 0 … M steps back, for the one head. A row sums to
    1, and is 0 before the document begins. None for a model without attention."""


class Introspector:
    """Looks into a model, segment by segment with the memory carried on. Compiled once."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._trace = compiled(self._trace_segment)
        self._hidden_gradients = compiled(self._hidden_gradients_of_segment)

    def activations(self, ids: np.ndarray) -> Activations:
        """Returns the activations of the model while it reads a document int32[n].

        Raises ValueError if there is no id, and if the model's grammar forbids one.
        """
        if not len(ids):
            raise ValueError("there must be one id at least")
        parts = [np.concatenate(part)[: len(ids)] for part in zip(*self._segments(ids), strict=True)]
        hidden, cell_states, activations, attention = parts
        blocks = self.model.cell.blocks
        by_block = dict(zip(blocks, np.split(activations, len(blocks), -1), strict=True))
        return Activations(
            gates={name: values for name, values in by_block.items() if name != "candidate"},
            candidate=by_block["candidate"],
            cell_states=cell_states[..., : hidden.shape[-1]] if self.model.cell.cell_state_blocks else None,
            hidden_states=hidden,
            attention=attention if self.model.settings.attention_window else None,
        )

    def last_attention(self, ids: np.ndarray) -> np.ndarray:
        """Returns the attention weights after the last of ids int32[n], by distance: float32[M + 1].

        Memory does not grow with n. Raises ValueError if there is no id, and if the model's grammar forbids one.
        """
        if not len(ids):
            raise ValueError("there must be one id at least")
        for *_, attention in self._segments(ids):
            weights: np.ndarray = attention[(len(ids) - 1) % SEGMENT_LENGTH, 0]
        return weights

    def _segments(self, ids: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Yields hidden states, cell states and activations [T, N, ·], and attention [T, 1, M + 1], by segment."""
        memory = self.model.initial_memory(1)
        for segment in split_document(ids, np.ones(len(ids)), self.model.grammar, SEGMENT_LENGTH):
            *parts, memory = self._trace(segment.inputs, segment.states, memory)
            yield [part.numpy() for part in parts]

    def _trace_segment(self, inputs: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple[Any, ...]:
        trace, window = ForwardTrace(), self.model.settings.attention_window
        _, memory = self.model.forward(inputs, tf.gather(self.model.tables.state_class, states), memory, trace=trace)
        layers = [all_steps(self.model.cell, *layer) for layer in trace.layers]
        attention = tf.zeros((inputs.shape[0], 1, 0))
        if trace.attention is not None:
            # `window_attention` counts positions within a block of queries. Here they are counted back from each query.
            query = tf.range(inputs.shape[0]) % (trace.attention.shape[-1] - window)
            position = query[:, None] + window - tf.range(window + 1)
            attention = tf.gather(trace.attention[0], position, batch_dims=1)[:, None]
        return *(tf.stack(part, 1)[:, :, 0] for part in zip(*layers, strict=True)), attention, memory

    def gradient_norms(self, ids: np.ndarray, max_distance: int) -> np.ndarray:
        """Returns float64[K + 1, N]: how much the last id's cost depends on the hidden states k = 0 … K steps before.

        That is ‖∂L/∂h_{T-k}‖ for each of N recurrent layers, where L = -ln p(last of ids int32[n] | those before) and T
        is the step that reads the last id but one. In a simple RNN it vanishes (Hochreiter 1991; Pascanu et al. 2013).

        K is `max_distance`, or the length of the document if that is less. For BOS, which resets the states, the norm
        is 0. Memory grows with K, not with n. Raises ValueError for fewer than two ids, and if the model's grammar
        forbids one.
        """
        if len(ids) < 2:
            raise ValueError("there must be two ids at least")
        grammar, memory, steps = self.model.grammar, self.model.initial_memory(1), max_distance + 1
        # Full segments, so that the last one ends at T. More BOS before the document change nothing.
        padding = -(len(ids) - 1) % steps
        inputs = np.concatenate([np.full(padding, BOS), ids[:-1]]).astype(np.int32)[:, None]
        states = np.concatenate([np.full(padding, grammar.start), grammar.unroll(ids)[:-1]]).astype(np.int32)[:, None]
        target = tf.constant(ids[-1], tf.int32)
        for begin in range(0, len(inputs), steps):
            part = slice(begin, begin + steps)
            gradients, memory = self._hidden_gradients(inputs[part], states[part], target, memory)
        # In float64, because the square of a small float32 is 0.
        norms: np.ndarray = np.linalg.norm(gradients.numpy()[::-1].astype(np.float64), axis=-1)
        return norms[: len(ids) - 1]

    def _hidden_gradients_of_segment(self, inputs: tf.Tensor, states: tf.Tensor, target: tf.Tensor, memory: Memory
                                     ) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """Returns the gradient of -ln p(target) with respect to all hidden states [T, N, H], and the memory after."""
        model, tables, trace = copy.copy(self.model), self.model.tables, ForwardTrace()
        model.cell = PerturbedCell(model.cell)
        with tf.GradientTape() as tape:
            tape.watch(list(model.weights.values()))  # also those of a cell that is not trainable
            output, memory = model.forward(inputs, tf.gather(tables.state_class, states), memory, trace=trace)
            logits = model.logits(output.last(), tables.allowed(states[-1:]))[0]
            cost = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target[None], logits=logits)
        gradients = tape.gradient(cost, [layer.input_projection for layer in trace.layers])
        return tf.stack([gradient[:, 0, -model.settings.hidden_size :] for gradient in gradients], 1), memory


@dataclass(frozen=True)
class PerturbedCell(Cell):
    """A cell whose hidden state is h + δ, where δ is one more block of z, which is 0.

    The gradient of a loss with respect to δ_t is its gradient with respect to h_t along all paths into later steps.
    """

    cell: Cell

    @property
    def blocks(self) -> tuple[str, ...]:
        return (*self.cell.blocks, "perturbation")

    @property
    def cell_state_blocks(self) -> int:
        return self.cell.cell_state_blocks

    def weight_shapes(self, hidden_size: int) -> dict[str, tuple[int, ...]]:
        return self.cell.weight_shapes(hidden_size)

    def assemble(self, weights: Mapping[str, tf.Tensor]) -> CellWeights:
        assembled = self.cell.assemble(weights)
        hidden_size = weights["recurrent_weights"].shape[0]
        columns = ((0, 0), (0, hidden_size))
        return assembled._replace(
            input=tf.pad(assembled.input, columns),
            recurrent=tf.pad(assembled.recurrent, columns),
            bias=tf.pad(assembled.bias, ((0, hidden_size),)),
        )

    def recurrent_input(self, hidden: tf.Tensor, cell_state: tf.Tensor) -> tf.Tensor:
        return self.cell.recurrent_input(hidden, cell_state)

    def step(self, z: tf.Tensor, hidden: tf.Tensor, cell_state: tf.Tensor, extra: tf.Tensor) -> StepOutput:
        hidden_size = hidden.shape[-1]
        output = self.cell.step(z[:, :-hidden_size], hidden, cell_state, extra)
        return output._replace(hidden=output.hidden + z[:, -hidden_size:])

"""The likelihood of many documents at once, which lie end to end in parallel streams, each begun by its BOS.

The forward pass is what costs. The softmax over the vocabulary is computed only at the positions that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, num_sub_batches, split_batch, split_memory
from seqgen.engine.model import Memory, Model, Output
from seqgen.grammar import BOS

SEGMENT_LENGTH = 32
POSITIONS_AT_ONCE = 256
"""The number of positions in one call of the softmax: the compiled function has one shape."""


class PackedScorer:
    """Scores streams: inputs int32[L, B], and states int32[L, B] of the model's own grammar after each input."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._forward = tf.function(self._forward_segment, autograph=False)
        self._forward_part = compiled(self._forward_sub_batch)
        self._likelihood = tf.function(self._likelihood_of_segment, autograph=False)
        self._likelihood_part = compiled(self._likelihood_of_sub_batch)
        self._log_softmax = compiled(self._log_softmax_at)

    def log_probabilities(
        self, inputs: np.ndarray, states: np.ndarray, positions: np.ndarray, tokens: np.ndarray
    ) -> np.ndarray:
        """Returns float32[n, k]: ln p of each of tokens int32[k] right after positions int[n, 2], (step, stream)."""
        result = np.empty((len(positions), len(tokens)), np.float32)
        segment_of = positions[:, 0] // SEGMENT_LENGTH
        for number, (outputs, segment_states) in enumerate(self._outputs(inputs, states)):
            in_segment = np.flatnonzero(segment_of == number)
            for begin in range(0, len(in_segment), POSITIONS_AT_ONCE):
                some = in_segment[begin : begin + POSITIONS_AT_ONCE]
                padded = np.zeros((POSITIONS_AT_ONCE, 2), np.int32)
                padded[: len(some)] = positions[some] - [number * SEGMENT_LENGTH, 0]
                result[some] = self._log_softmax(outputs, segment_states, padded, tokens).numpy()[: len(some)]
        return result

    def negative_log_likelihood(self, inputs: np.ndarray, states: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Returns float32[L, B]: -ln p of targets int32[L, B] right after each input, in nats."""
        parts = []
        for number, (outputs, segment_states) in enumerate(self._outputs(inputs, states)):
            of_segment = targets[number * SEGMENT_LENGTH : (number + 1) * SEGMENT_LENGTH]
            padding = ((0, SEGMENT_LENGTH - len(of_segment)), (0, 0))
            nats = self._likelihood(outputs, segment_states, np.pad(of_segment, padding)).numpy()
            parts.append(nats[: len(of_segment)])
        return np.concatenate(parts)

    def _outputs(self, inputs: np.ndarray, states: np.ndarray) -> Iterator[tuple[Output, np.ndarray]]:
        """Yields the outputs and the states int32[T, B] of each segment, padded with BOS."""
        memory = self.model.initial_memory(inputs.shape[1])
        for begin in range(0, len(inputs), SEGMENT_LENGTH):
            ids, segment_states = (part[begin : begin + SEGMENT_LENGTH] for part in (inputs, states))
            padding = ((0, SEGMENT_LENGTH - len(ids)), (0, 0))
            ids, segment_states = np.pad(ids, padding, constant_values=BOS), np.pad(segment_states, padding)
            outputs, memory = self._forward(ids, segment_states, memory)
            yield outputs, segment_states

    def _forward_segment(self, inputs: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple[Output, Memory]:
        count = num_sub_batches(inputs.shape[1], self.model.settings.hidden_size)
        parts = zip(split_batch([inputs, states], count), split_memory(memory, count), strict=True)
        results = [self._forward_part(*arrays, part_memory) for arrays, part_memory in parts]
        memory = join_memory([part_memory for _, part_memory in results])
        return Output(*(tf.concat(part, 1) for part in zip(*(output for output, _ in results), strict=True))), memory

    def _forward_sub_batch(self, inputs: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple[Output, Memory]:
        return self.model.forward(inputs, tf.gather(self.model.tables.state_class, states), memory)

    def _likelihood_of_segment(self, outputs: Output, states: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        count = num_sub_batches(outputs.hidden.shape[1], self.model.settings.hidden_size)
        parts = split_batch([*outputs, states, targets], count)
        return tf.concat([self._likelihood_part(*part) for part in parts], 1)

    def _likelihood_of_sub_batch(
        self, hidden: tf.Tensor, registers: tf.Tensor, states: tf.Tensor, targets: tf.Tensor
    ) -> tf.Tensor:
        logits = self.model.logits(Output(hidden, registers), tf.gather(self.model.tables.allowed, states))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)

    def _log_softmax_at(self, outputs: Output, states: tf.Tensor, positions: tf.Tensor, tokens: tf.Tensor
                        ) -> tf.Tensor:  # fmt: skip
        allowed = tf.gather(self.model.tables.allowed, tf.gather_nd(states, positions))
        logits = self.model.logits(outputs.at(positions), allowed[None])[0]
        return tf.gather(tf.nn.log_softmax(logits), tokens, axis=-1)

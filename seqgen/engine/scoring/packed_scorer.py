"""The likelihood of many documents at once, which lie end to end in parallel streams, each begun by its BOS.

The streams are read a segment at a time, and only the memory of the model is carried on. So the length of a document
does not matter. The forward pass is what costs. The softmax over the vocabulary is computed only at the positions that
are asked for.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, num_sub_batches, split_batch, split_memory
from seqgen.engine.model import Memory, Model, Output

SEGMENT_LENGTH = 32
POSITIONS_AT_ONCE = 256
"""The number of positions in one call of the softmax: the compiled function has one shape."""


class PackedSegment(NamedTuple):
    """T steps of B streams, where T is SEGMENT_LENGTH.

    inputs:  int32[T, B], ids; a BOS resets the memory
    targets: int32[T, B], the id after each input, and any id where none follows
    states:  int32[T, B], the state of the model's own grammar after each input
    """

    inputs: np.ndarray
    targets: np.ndarray
    states: np.ndarray


class PackedScorer:
    """Scores streams. A segment is read first; then the outputs answer questions about it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._forward = tf.function(self._forward_segment, autograph=False)
        self._forward_part = compiled(self._forward_sub_batch)
        self._likelihood = tf.function(self._likelihood_of_segment, autograph=False)
        self._likelihood_part = compiled(self._likelihood_of_sub_batch)
        self._log_softmax = compiled(self._log_softmax_at)

    def read(self, segment: PackedSegment, memory: Memory | None) -> tuple[Output, Memory]:
        """Returns the outputs after each input, and the memory after the segment. `memory` is that before it."""
        memory = memory or self.model.initial_memory(segment.inputs.shape[1])
        outputs, memory = self._forward(segment.inputs, segment.states, memory)
        return outputs, memory

    def log_probabilities(
        self, outputs: Output, segment: PackedSegment, positions: np.ndarray, tokens: np.ndarray
    ) -> np.ndarray:
        """Returns float32[n, k]: ln p of each of tokens int32[k] right after positions int[n, 2], (step, stream)."""
        result = np.empty((len(positions), len(tokens)), np.float32)
        for begin in range(0, len(positions), POSITIONS_AT_ONCE):
            some = positions[begin : begin + POSITIONS_AT_ONCE]
            padded = np.zeros((POSITIONS_AT_ONCE, 2), np.int32)
            padded[: len(some)] = some
            found = self._log_softmax(outputs, segment.states, padded, tokens).numpy()
            result[begin : begin + len(some)] = found[: len(some)]
        return result

    def negative_log_likelihood(self, outputs: Output, segment: PackedSegment) -> np.ndarray:
        """Returns float32[T, B]: -ln p of the targets, in nats."""
        nats: np.ndarray = self._likelihood(outputs, segment.states, segment.targets).numpy()
        return nats

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
        logits = self.model.logits(Output(hidden, registers), self.model.tables.allowed(states))
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)

    def _log_softmax_at(self, outputs: Output, states: tf.Tensor, positions: tf.Tensor, tokens: tf.Tensor
                        ) -> tf.Tensor:  # fmt: skip
        allowed = self.model.tables.allowed(tf.gather_nd(states, positions))
        logits = self.model.logits(outputs.at(positions), allowed[None])[0]
        return tf.gather(tf.nn.log_softmax(logits), tokens, axis=-1)

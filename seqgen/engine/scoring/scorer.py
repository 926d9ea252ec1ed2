"""The likelihood of single documents, token by token, in memory that does not grow with their length.

Each document is scored as if it were the only one. Two options let a model use what a document repeats: dynamic
evaluation (dynamic_evaluation.py) and a neural cache (neural_cache.py). Both see only what comes before the token that
is scored.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.conditioning import Conditioning
from seqgen.engine.model import Memory, Model
from seqgen.engine.scoring.dynamic_evaluation import ZERO, DynamicEvaluator
from seqgen.engine.scoring.neural_cache import CacheEntries, NeuralCache
from seqgen.engine.segment import DocumentSegment, segment_arrays, split_document

SEGMENT_LENGTH = 128


class Scorer:
    """Scores documents one at a time. Compiled once."""

    def __init__(
        self, model: Model, *, dynamic_evaluator: DynamicEvaluator | None = None, cache: NeuralCache | None = None
    ) -> None:
        """`dynamic_evaluator` is of the same model."""
        self.dynamic_evaluator = dynamic_evaluator
        self.cache = cache
        self.model = dynamic_evaluator.model if dynamic_evaluator else model
        self._segment_length = dynamic_evaluator.settings.segment_length if dynamic_evaluator else SEGMENT_LENGTH
        self._conditioning = Conditioning(self.model)
        self._score = compiled(self._score_segment)

    def negative_log_likelihood(
        self, ids: np.ndarray, weights: np.ndarray | None = None, conditions: np.ndarray | None = None
    ) -> np.ndarray:
        """Returns float32[n]: -ln p(id | ids before) in nats for each id of a document int32[n]; 0 for BOS.

        With weights float32[n], each value is multiplied by its weight, and counts by its weight in dynamic evaluation.
        conditions int32[C, J] are what is known ahead. Raises ValueError if the model's grammar forbids an id.
        """
        parts = [np.zeros(1, np.float32)]
        weights = np.ones(len(ids)) if weights is None else weights
        for segment, log_probabilities in self._segments(ids, weights, conditions):
            of_targets = np.take_along_axis(log_probabilities, segment.targets, axis=1)
            parts.append((-of_targets * segment.weights)[:, 0])
        return np.concatenate(parts)[: len(ids)]

    def probabilities(self, ids: np.ndarray, conditions: np.ndarray | None = None) -> np.ndarray:
        """Returns float32[n, V]: the distribution of the token after each of ids int32[n].

        conditions int32[C, J] are what is known ahead. Raises ValueError if the model's grammar forbids an id.
        """
        parts = [log_probabilities for _, log_probabilities in self._segments(ids, np.ones(len(ids)), conditions)]
        probabilities: np.ndarray = np.exp(np.concatenate(parts))
        return probabilities[: len(ids)]

    def _segments(
        self, ids: np.ndarray, weights: np.ndarray, conditions: np.ndarray | None = None
    ) -> Iterator[tuple[DocumentSegment, np.ndarray]]:
        """Yields the segments of a document, each with ln p [T, V] of the token after each input."""
        heard = self._heard(ids, conditions)
        memory = self.model.initial_memory(1)
        entries = self.cache.no_entries(self.model.settings.hidden_size) if self.cache else None
        if self.dynamic_evaluator:
            self.dynamic_evaluator.reset()
        for number, segment in enumerate(split_document(ids, weights, self.model.grammar, self._segment_length)):
            part = None if heard is None else heard[number]
            log_probabilities, memory, entries = self._score(*segment_arrays(segment), memory, entries, part)
            yield segment, log_probabilities.numpy()

    def _heard(self, ids: np.ndarray, conditions: np.ndarray | None) -> tf.Tensor | None:
        """Returns what the model hears of conditions int32[C, J] in each segment, [N, T, 1, D]; None for nothing."""
        if conditions is None or self.model.conditions is None:
            return None
        steps = self.model.conditions.steps(ids, self.model.grammar.state_class[self.model.grammar.unroll(ids)])
        steps = np.pad(steps, (0, -len(ids) % self._segment_length))
        heard = self._conditioning.along(self._conditioning.state([conditions]), steps[:, None])
        return tf.reshape(heard, (-1, self._segment_length, 1, self.model.settings.condition_size))

    def _score_segment(self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, states: tf.Tensor,
                       memory: Memory, entries: CacheEntries | None, heard: tf.Tensor | None
                       ) -> tuple[tf.Tensor, Memory, CacheEntries | None]:  # fmt: skip
        tables, evaluator = self.model.tables, self.dynamic_evaluator
        allowed = tables.allowed(states)
        with tf.GradientTape(watch_accessed_variables=evaluator is not None) as tape:
            output, memory = self.model.forward(inputs, tf.gather(tables.state_class, states), memory, heard=heard)
            log_probabilities = tf.nn.log_softmax(self.model.logits(output, allowed))[:, 0]
            nats = -tf.gather(log_probabilities, targets[:, 0], batch_dims=1)
            loss = tf.reduce_sum(nats * weights[:, 0]) / tf.maximum(tf.reduce_sum(weights), 1.0)
        if evaluator:
            evaluator.update(tape.gradient(loss, evaluator.variables, unconnected_gradients=ZERO))
        if self.cache:
            assert entries is not None
            log_probabilities, entries = self.cache.interpolate(
                log_probabilities, output.hidden[:, 0], targets[:, 0], allowed[:, 0], entries
            )
        return log_probabilities, memory, entries

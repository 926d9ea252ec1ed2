"""How likely a model finds given documents, token by token, in memory that does not grow with their length.

Every document is scored as if it were the only one. Two additions let a model make use of what a document repeats:
dynamic evaluation (dynamic_evaluation.py) and a neural cache (neural_cache.py). Both see only what comes before
the token that is scored.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.model import Memory, Model
from seqgen.engine.scoring.dynamic_evaluation import Adaptation
from seqgen.engine.scoring.neural_cache import Cached, NeuralCache
from seqgen.engine.segment import Cut, cut, tensors

SEGMENT = 128


class Scorer:
    """Scores documents one at a time; compiled once for a segment."""

    def __init__(self, model: Model, *, adaptation: Adaptation | None = None, cache: NeuralCache | None = None) -> None:
        """`adaptation` is of `model`. Raises InvalidValue for a cache that cannot be."""
        if cache:
            cache.check()
        self.adaptation = adaptation
        self.cache = cache
        self.model = adaptation.model if adaptation else model
        self._steps = adaptation.settings.segment if adaptation else SEGMENT
        self._score = compiled(self._score_segment)

    def nats(self, ids: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """float32[n]: what each id of a document int32[n] costs, -ln p(id | ids before); 0 for BOS.

        Where there are weights float32[n], each cost is multiplied by its own, and so is its part in dynamic
        evaluation. Raises ValueError when the model's grammar forbids an id.
        """
        costs = [np.zeros(1, np.float32)]
        for segment, log_probabilities in self._segments(ids, np.ones(len(ids)) if weights is None else weights):
            of_targets = np.take_along_axis(log_probabilities, segment.targets, axis=1)
            costs.append((-of_targets * segment.weights)[:, 0])
        return np.concatenate(costs)[: len(ids)]

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """float32[n, V]: the distribution of the token after each of ids int32[n].

        Raises ValueError when the model's grammar forbids an id.
        """
        parts = [log_probabilities for _, log_probabilities in self._segments(ids, np.ones(len(ids)))]
        return np.exp(np.concatenate(parts))[: len(ids)]

    def _segments(self, ids: np.ndarray, weights: np.ndarray) -> Iterator[tuple[Cut, np.ndarray]]:
        """The segments of a document, each with the log-probabilities [T, V] of the token after each input."""
        memory = self.model.empty_memory(1)
        cached = self.cache.empty(self.model.settings.hidden_size) if self.cache else None
        if self.adaptation:
            self.adaptation.restart()
        for segment in cut(ids, weights, self.model.grammar, self._steps):
            log_probabilities, memory, cached = self._score(*tensors(segment), memory, cached)
            yield segment, log_probabilities.numpy()

    def _score_segment(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor,
                       memory: Memory, cached: Cached | None) -> tuple[tf.Tensor, Memory, Cached | None]:  # fmt: skip
        tables = self.model.tables
        allowed = tf.gather(tables.allowed, states)
        with tf.GradientTape(watch_accessed_variables=self.adaptation is not None) as tape:
            x, memory = self.model.forward(inputs, tf.gather(tables.state_class, states), memory)
            log_probabilities = tf.nn.log_softmax(self.model.logits(x, allowed))[:, 0]
            nats = -tf.gather(log_probabilities, targets[:, 0], batch_dims=1)
            loss = tf.reduce_sum(nats * counts[:, 0]) / tf.maximum(tf.reduce_sum(counts), 1.0)
        if self.adaptation:
            self.adaptation.follow(tape.gradient(loss, self.adaptation.variables))
        if self.cache:
            assert cached is not None
            log_probabilities, cached = self.cache.mix(log_probabilities, x[:, 0], targets[:, 0], allowed[:, 0], cached)
        return log_probabilities, memory, cached

"""How likely a model finds given documents, token by token, in memory that does not grow with their length."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.model import Memory, Model
from seqgen.grammar import BOS

SEGMENT = 128


class Scorer:
    """Scores documents one at a time."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._log_probabilities = tf.function(self._segment, jit_compile=True, autograph=False)

    def nats(self, ids: np.ndarray) -> np.ndarray:
        """float32[n]: what each id of a document int32[n] costs, -ln p(id | ids before); 0 for BOS.

        Raises ValueError when the model's grammar forbids one.
        """
        if len(ids) < 2:
            return np.zeros(len(ids), np.float32)
        log_probabilities = self._document(ids)[:-1]
        return np.concatenate([[0.0], -log_probabilities[np.arange(len(ids) - 1), ids[1:]]]).astype(np.float32)

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """float32[n, V]: the distribution of the token after each of ids int32[n]."""
        return np.exp(self._document(ids))

    def _document(self, ids: np.ndarray) -> np.ndarray:
        states = self.model.grammar.unroll(ids)
        memory, parts = self.model.empty_memory(1), []
        for begin in range(0, len(ids), SEGMENT):
            part, part_states = ids[begin : begin + SEGMENT], states[begin : begin + SEGMENT]
            missing = SEGMENT - len(part)
            # BOS after the end fills the last segment up, so that all segments share one compiled shape.
            padded = np.concatenate([part, np.full(missing, BOS, np.int32)])
            padded_states = np.concatenate([part_states, np.full(missing, self.model.grammar.start, np.int32)])
            scores, memory = self._log_probabilities(padded[:, None], padded_states[:, None], memory)
            parts.append(scores.numpy()[: len(part), 0])
        return np.concatenate(parts)

    def _segment(self, ids: tf.Tensor, states: tf.Tensor, memory: Memory) -> tuple[tf.Tensor, Memory]:
        tables = self.model.tables
        x, memory = self.model.forward(ids, tf.gather(tables.observed, states), memory)
        return tf.nn.log_softmax(self.model.logits(x, tf.gather(tables.allowed, states))), memory

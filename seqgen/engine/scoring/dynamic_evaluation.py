"""Dynamic evaluation: a model goes on learning from what it has just scored.

Krause, Kahembwe, Murray & Renals (2018), *Dynamic Evaluation of Neural Sequence Models*, section 5. A segment s_i is
scored with the weights θ of that moment. Then follows one step, where θ_g are the trained weights:

    θ ← θ - rate ∇L(s_i) / (√MS + ε) + decay · RMSnorm (θ_g - θ)        decay · RMSnorm is at most 1
    RMSnorm = √MS / mean(√MS)

MS is the mean squared gradient of each weight over training data, measured beforehand. The caller chooses the
documents to measure it on. Documents that the model itself draws need no data, and make MS the diagonal of the Fisher
information.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.model import Memory, Model
from seqgen.engine.segment import segment_arrays, split_document
from seqgen.errors import InvalidValue

ZERO = tf.UnconnectedGradients.ZERO
"""What is not used, such as the weights that read conditions, has the gradient 0."""


@dataclass(frozen=True)
class DynamicEvaluation:
    """The settings of dynamic evaluation."""

    learning_rate: float = 0.001
    """The length of a step for a gradient of usual size."""
    decay: float = 0.005
    """How far each step goes back towards the trained weights."""
    epsilon: float = 0.001
    """Keeps weights with tiny gradients from taking long steps."""
    segment_length: int = 32
    """How many tokens are scored before each step."""

    def __post_init__(self) -> None:
        """Raises InvalidValue for a value out of range."""
        for name, value, is_valid, valid in (
            ("learning rate", self.learning_rate, 0 < self.learning_rate <= 1, "above 0, at most 1"),
            ("decay", self.decay, 0 <= self.decay <= 1, "between 0 and 1"),
            ("epsilon", self.epsilon, 0 < self.epsilon <= 1, "above 0, at most 1"),
            ("segment length", self.segment_length, 1 <= self.segment_length <= 4096, "between 1 and 4096"),
        ):
            if not is_valid:
                raise InvalidValue(f"The {name} of dynamic evaluation cannot be {value}; it must be {valid}.")


class DynamicEvaluator:
    """A copy of a model that learns while it scores. The model itself never changes."""

    def __init__(self, model: Model, settings: DynamicEvaluation, documents: Iterable[np.ndarray]) -> None:
        """Measures the mean squared gradients on `documents`, each int32[n] from BOS on."""
        self.settings = settings
        self.model = model.copy()
        names = [name for name, weight in model.weights.items() if weight.trainable]
        self.variables = [self.model.weights[name] for name in names]
        self._trained = [model.weights[name] for name in names]
        root_mean_squares = [np.sqrt(mean) for mean in self._mean_squared_gradients(documents)]
        # All gradients are 0 if the grammar leaves no choice.
        mean_root = np.concatenate([root.ravel() for root in root_mean_squares]).mean() or 1.0
        self._rates = [tf.constant(settings.learning_rate / (root + settings.epsilon)) for root in root_mean_squares]
        self._decays = [tf.constant(np.minimum(settings.decay * root / mean_root, 1)) for root in root_mean_squares]

    def reset(self) -> None:
        """Restores the trained weights."""
        for weight, trained in zip(self.variables, self._trained, strict=True):
            weight.assign(trained)

    def update(self, gradients: Sequence[tf.Tensor]) -> None:
        """Makes one step from the gradients of a segment's loss. For use in a compiled function."""
        for gradient, weight, trained, rate, decay in zip(
            gradients, self.variables, self._trained, self._rates, self._decays, strict=True
        ):
            weight.assign_add(decay * (trained - weight) - rate * tf.convert_to_tensor(gradient))

    def _mean_squared_gradients(self, documents: Iterable[np.ndarray]) -> list[np.ndarray]:
        """Returns the mean squared gradient of each weight over all segments of the documents."""
        measure = compiled(self._squared_gradients)
        sums, count = [np.zeros(weight.shape, np.float32) for weight in self.variables], 0
        for ids in documents:
            memory = self.model.initial_memory(1)
            for segment in split_document(ids, np.ones(len(ids)), self.model.grammar, self.settings.segment_length):
                squares, memory = measure(*segment_arrays(segment), memory)
                sums = [total + square.numpy() for total, square in zip(sums, squares, strict=True)]
                count += 1
        return [total / max(count, 1) for total in sums]

    def _squared_gradients(self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, states: tf.Tensor,
                           memory: Memory) -> tuple[list[tf.Tensor], Memory]:  # fmt: skip
        with tf.GradientTape() as tape:
            nats, memory = self.model.negative_log_likelihood(inputs, targets, states, memory)
            loss = tf.reduce_sum(nats * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)
        gradients = tape.gradient(loss, self.variables, unconnected_gradients=ZERO)
        return [tf.square(gradient) for gradient in gradients], memory

"""Dynamic evaluation: a model goes on learning from what it has just scored.

Krause, Kahembwe, Murray & Renals (2018), *Dynamic Evaluation of Neural Sequence Models*, section 5. After each segment
s_i, scored with the weights θ of that moment, follows one step, with θ_g as trained:

    θ ← θ - rate ∇L(s_i) / (√MS + epsilon) + decay · RMSnorm (θ_g - θ),    decay · RMSnorm at most 1
    RMSnorm = √MS / mean(√MS)

MS is each weight's mean squared gradient over the training data, measured beforehand. What it is measured on here is
up to the caller. Documents drawn from the model itself need no data, and make MS the diagonal of Fisher's information.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.model import Memory, Model
from seqgen.engine.segment import cut, tensors
from seqgen.errors import InvalidValue


class DynamicEvaluation(NamedTuple):
    """How fast a model follows what it reads."""

    rate: float = 0.001
    """The step's length for a gradient of usual size."""
    decay: float = 0.005
    """How far back towards the trained weights in each step."""
    epsilon: float = 0.001
    """Keeps weights with hardly any gradient from taking long steps."""
    segment: int = 32
    """How many tokens are scored before each step."""

    def check(self) -> None:
        """Raises InvalidValue for settings that cannot be."""
        if not 0 < self.rate <= 1:
            raise InvalidValue(f"The rate of dynamic evaluation cannot be {self.rate}; it must be above 0, at most 1.")
        if not 0 <= self.decay <= 1:
            raise InvalidValue(f"The decay of dynamic evaluation cannot be {self.decay}; it must be between 0 and 1.")
        if not 0 < self.epsilon <= 1:
            raise InvalidValue(
                f"The epsilon of dynamic evaluation cannot be {self.epsilon}; it must be above 0, at most 1."
            )
        if not 1 <= self.segment <= 4096:
            raise InvalidValue(
                f"The segment of dynamic evaluation cannot be {self.segment}; it must be between 1 and 4096."
            )


class Adaptation:
    """A copy of a model that learns while it scores; the model itself is never changed."""

    def __init__(self, model: Model, settings: DynamicEvaluation, documents: Iterable[np.ndarray]) -> None:
        """Gradients are measured on `documents`, each int32[n] from BOS on. Raises InvalidValue."""
        settings.check()
        self.settings = settings
        self.model = Model(model.settings, model.numpy(), model.grammar)
        learned = [name for name, weight in model.weights.items() if weight.trainable]
        self.variables = [self.model.weights[name] for name in learned]
        self._trained = [model.weights[name] for name in learned]
        root_mean_squares = [np.sqrt(mean) for mean in self._mean_squares(documents)]
        # All gradients are 0 where the grammar leaves no choice.
        usual = np.concatenate([root.ravel() for root in root_mean_squares]).mean() or 1.0
        self._scales = [tf.constant(settings.rate / (root + settings.epsilon)) for root in root_mean_squares]
        self._pulls = [tf.constant(np.minimum(settings.decay * root / usual, 1)) for root in root_mean_squares]

    def restart(self) -> None:
        """Back to the trained weights."""
        for weight, trained in zip(self.variables, self._trained, strict=True):
            weight.assign(trained)

    def follow(self, gradients: Sequence[tf.Tensor]) -> None:
        """One step, after a segment on which the loss has these gradients; called in a compiled function."""
        for gradient, weight, trained, scale, pull in zip(
            gradients, self.variables, self._trained, self._scales, self._pulls, strict=True
        ):
            weight.assign_add(pull * (trained - weight) - scale * tf.convert_to_tensor(gradient))

    def _mean_squares(self, documents: Iterable[np.ndarray]) -> list[np.ndarray]:
        """The mean squared gradient of every weight over all segments of the documents."""
        measure = compiled(self._squares)
        sums, count = [np.zeros(weight.shape, np.float32) for weight in self.variables], 0
        for ids in documents:
            memory = self.model.empty_memory(1)
            for segment in cut(ids, np.ones(len(ids)), self.model.grammar, self.settings.segment):
                squares, memory = measure(*tensors(segment), memory)
                sums = [total + square.numpy() for total, square in zip(sums, squares, strict=True)]
                count += 1
        return [total / max(count, 1) for total in sums]

    def _squares(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor,
                 memory: Memory) -> tuple[list[tf.Tensor], Memory]:  # fmt: skip
        with tf.GradientTape() as tape:
            nats, memory = self.model.nats(inputs, targets, states, memory)
            loss = tf.reduce_sum(nats * counts) / tf.maximum(tf.reduce_sum(counts), 1.0)
        return [tf.square(gradient) for gradient in tape.gradient(loss, self.variables)], memory

"""One training step, and everything that must be saved so that training can go on.

Cross-entropy by truncated back-propagation through time over packed streams; AdamW (Loshchilov & Hutter 2019) with
the gradient clipped by its global norm (Pascanu et al. 2013).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from seqgen.engine.model import Memory, Model
from seqgen.engine.products import compiled
from seqgen.engine.segment import Segment, tensors
from seqgen.engine.settings import TrainingSettings
from seqgen.errors import TrainingError

PRECISIONS = {"float32": tf.float32, "bfloat16": tf.bfloat16}


class Trainer:
    """A model in training: its optimizer, and the memory that its streams carry from segment to segment."""

    def __init__(self, model: Model, settings: TrainingSettings) -> None:
        self.model = model
        self.settings = settings
        self.step_number = 0
        self.memory = model.empty_memory(settings.streams)
        self.learned = [weight for weight in model.weights.values() if weight.trainable]
        self.optimizer = keras.optimizers.AdamW(
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            beta_2=0.99,
            global_clipnorm=settings.clip_norm,
        )
        # Decay shrinks what multiplies an input; gains and biases have nothing to gain from it.
        self.optimizer.exclude_from_weight_decay(var_list=[w for w in self.learned if w.shape.rank == 1])
        self.optimizer.build(self.learned)
        self._step = tf.function(self._train_segment, autograph=False)
        self._apply = compiled(self._update)

    def _train_segment(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor,
                       memory: Memory, dropout_seed: tf.Tensor) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        with tf.GradientTape() as tape:
            nats, memory = self.model.nats(
                inputs,
                targets,
                states,
                memory,
                self.settings.dropout,
                dropout_seed,
                PRECISIONS[self.settings.precision],
            )
            loss = tf.reduce_sum(nats * counts) / tf.maximum(tf.reduce_sum(counts), 1.0)
        self._apply([tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, self.learned)])
        return loss, memory

    def _update(self, gradients: list[tf.Tensor]) -> None:
        self.optimizer.apply_gradients(zip(gradients, self.learned, strict=True))

    def rate(self, progress: float) -> float:
        """The learning rate at `progress` 0…1 of the run: linear warm-up, cosine (Loshchilov & Hutter 2017)."""
        settings = self.settings
        warm = min(1.0, (self.step_number + 1) / (settings.warm_up + 1))
        cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
        return settings.learning_rate * warm * (settings.final_rate + (1 - settings.final_rate) * cosine)

    def step(self, segment: Segment, progress: float) -> tf.Tensor:
        """Trains on one segment and gives its loss in nats a token, not yet waited for."""
        self.optimizer.learning_rate.assign(self.rate(progress))
        dropout_seed = tf.constant([self.settings.seed, self.step_number * 64], tf.int32)
        loss, self.memory = self._step(*tensors(segment), self.memory, dropout_seed)
        self.step_number += 1
        return loss

    def tensors(self) -> dict[str, np.ndarray]:
        """Everything that the next step depends on, by name: weights, optimizer, memory."""
        state = {f"weights/{name}": value for name, value in self.model.numpy().items()}
        for number, variable in enumerate(self.optimizer.variables):
            state[f"optimizer/{number:03}"] = np.asarray(variable)
        for name, value in self.memory._asdict().items():
            state[f"memory/{name}"] = value.numpy()
        return state

    def restore(self, state: dict[str, np.ndarray], step_number: int) -> None:
        """Goes on from `tensors()`; raises TrainingError when they are of another model."""
        mine = self.tensors()
        shapes = {name: (value.shape, value.dtype) for name, value in state.items()}
        if shapes != {name: (value.shape, value.dtype) for name, value in mine.items()}:
            raise TrainingError(
                "The checkpoint is of a model with other settings; resume with the settings it began with."
            )
        for name, weight in self.model.weights.items():
            weight.assign(state[f"weights/{name}"])
        for number, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"optimizer/{number:03}"])
        self.memory = Memory(*(tf.constant(state[f"memory/{name}"]) for name in Memory._fields))
        self.step_number = step_number

"""One training step, and everything that must be saved so that training can go on.

Cross-entropy by truncated back-propagation through time over packed streams; AdamW (Loshchilov & Hutter 2019) with
the gradient clipped by value and by its global norm (Pascanu et al. 2013); averaged weights (Polyak & Juditsky 1992).
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, lanes_of, split_memory, split_streams
from seqgen.engine.layers.regularization import Regularisation
from seqgen.engine.model import Memory, Model
from seqgen.engine.segment import Segment, tensors
from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training.schedule import learning_rate
from seqgen.errors import TrainingError

PRECISIONS = {"float32": tf.float32, "bfloat16": tf.bfloat16}


class Trainer:
    """A model in training: its optimizer, and the memory that its streams carry from segment to segment."""

    def __init__(self, model: Model, settings: TrainingSettings) -> None:
        self.model = model
        self.settings = settings
        self.step_number = 0
        self.halvings = 0
        self.memory = model.empty_memory(settings.batch_size)
        self.judged = Model(model.settings, model.numpy(), model.grammar) if settings.ema_decay else model
        """What is evaluated and kept: the averaged weights, or the model itself."""
        self.learned = [name for name, weight in model.weights.items() if weight.trainable]
        self._variables = [model.weights[name] for name in self.learned]
        self.optimizer = keras.optimizers.AdamW(
            learning_rate=settings.learning_rate, weight_decay=settings.weight_decay, beta_2=0.99
        )
        # Decay shrinks what multiplies an input; gains and biases have nothing to gain from it.
        self.optimizer.exclude_from_weight_decay(var_list=[w for w in self._variables if w.shape.rank == 1])
        self.optimizer.build(self._variables)
        accumulated = self.learned if settings.gradient_accumulation_steps > 1 else []
        self._accumulated = {name: tf.Variable(tf.zeros_like(model.weights[name])) for name in accumulated}
        self._step = tf.function(self._train_segment, autograph=False)
        self._apply = compiled(self._use)

    def _train_segment(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor,
                       memory: Memory, step: tf.Tensor, update: bool) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """The loss and the memory after; the loss is not finite where its gradient is not."""
        loss, gradients, memory = self._gradients(inputs, targets, counts, states, memory, step)
        norm = self._apply(gradients, update)
        return tf.where(tf.math.is_finite(norm), loss, norm), memory

    def _use(self, gradients: list[tf.Tensor], update: bool) -> tf.Tensor:
        """Adds a segment's gradients to those before it, updates the weights where it is time to, gives their norm."""
        norm = tf.linalg.global_norm(gradients)
        if self._accumulated:
            gradients = [
                mean.assign_add(gradient / self.settings.gradient_accumulation_steps)
                for mean, gradient in zip(self._accumulated.values(), gradients, strict=True)
            ]
        if update:
            self._update(gradients)
            for mean in self._accumulated.values():
                mean.assign(tf.zeros_like(mean))
        return norm

    def _gradients(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor, memory: Memory,
                   step: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor], Memory]:  # fmt: skip
        """Loss in nats a token, the gradients of loss and penalties in the order of what is learned, and the memory."""
        lanes = lanes_of(self.settings.batch_size, self.model.settings.hidden_size)
        precision = PRECISIONS[self.settings.precision]
        regularisation, total, memories = Regularisation(self.settings, step, lanes), tf.constant(0.0), []
        with tf.GradientTape() as tape:
            parts = zip(
                split_streams([inputs, targets, counts, states], lanes), split_memory(memory, lanes), strict=True
            )
            for lane, (part, before) in enumerate(parts):
                regularisation.lane = lane
                nats, after = self.model.nats(part[0], part[1], part[3], before, regularisation, precision)
                total += tf.reduce_sum(nats * part[2])
                memories.append(after)
            loss = total / tf.maximum(tf.reduce_sum(counts), 1.0)
            objective = loss + regularisation.penalty
        gradients = tape.gradient(objective, self._variables)
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients], join_memory(memories)

    def _update(self, gradients: Sequence[tf.Tensor]) -> None:
        """One step of the optimizer, and of the averaged weights."""
        self.optimizer.apply_gradients(zip(clipped(gradients, self.settings), self._variables, strict=True))
        if self.settings.ema_decay:
            # As in tf.train.ExponentialMovingAverage: the first weights, which know nothing, are soon forgotten.
            updates = tf.cast(self.optimizer.iterations.value, tf.float32)
            decay = tf.minimum(self.settings.ema_decay, (1 + updates) / (10 + updates))
            for name, weight in zip(self.learned, self._variables, strict=True):
                mean = self.judged.weights[name]
                mean.assign_add((1 - decay) * (weight - mean))

    def rate(self, progress: float) -> float:
        """The learning rate at `progress` 0…1 of the run, halved for each time that training had to fall back."""
        return learning_rate(self.settings, self.step_number, progress) * 0.5**self.halvings

    def step(self, segment: Segment, progress: float) -> tf.Tensor:
        """Trains on one segment and gives its loss in nats a token, not yet waited for."""
        # An update that stands on fewer tokens goes less far (Merity et al. 2018, section 5).
        share = len(segment.inputs) / self.settings.bptt_length if self.settings.random_bptt_length else 1.0
        self.optimizer.learning_rate.assign(self.rate(progress) * share)
        update = (self.step_number + 1) % self.settings.gradient_accumulation_steps == 0
        step = tf.constant(self.step_number, tf.int32)
        loss, self.memory = self._step(*tensors(segment), self.memory, step, update)
        self.step_number += 1
        return loss

    def tensors(self) -> dict[str, np.ndarray]:
        """Everything that the next step depends on, by name: weights, their average, optimizer, memory."""
        state = {f"weights/{name}": value for name, value in self.model.numpy().items()}
        if self.judged is not self.model:
            state |= {f"ema/{name}": value for name, value in self.judged.numpy().items()}
        for name, value in self._accumulated.items():
            state[f"accumulated/{name}"] = value.numpy()
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
        if self.judged is not self.model:
            for name, weight in self.judged.weights.items():
                weight.assign(state[f"ema/{name}"])
        for name, value in self._accumulated.items():
            value.assign(state[f"accumulated/{name}"])
        for number, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"optimizer/{number:03}"])
        self.memory = Memory(*(tf.constant(state[f"memory/{name}"]) for name in Memory._fields))
        self.step_number = step_number

    def fall_back(self, state: dict[str, np.ndarray]) -> None:
        """Puts earlier weights back and halves the rate from now on; the next step reads the next segment.

        The segments since then are not read again, because the one that did harm may do so again. What belongs to a
        place in the streams, memory and the gradients accumulated so far, begins anew.
        """
        self.restore(state, self.step_number)
        self.memory = self.model.empty_memory(self.settings.batch_size)
        for value in self._accumulated.values():
            value.assign(tf.zeros_like(value))
        self.halvings += 1


def clipped(gradients: Sequence[tf.Tensor], settings: TrainingSettings) -> list[tf.Tensor]:
    """Gradients clipped by value, then by their global norm."""
    if settings.gradient_clip_value:
        limit = settings.gradient_clip_value
        gradients = [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    return tf.clip_by_global_norm(gradients, settings.gradient_clip_norm)[0]

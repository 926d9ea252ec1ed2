"""One training step, and everything that must be saved so that training can go on.

loss      = Σ weight · -ln p(target) / Σ weight                cross-entropy over one segment of B packed streams
objective = loss + AR + TAR                                    layers/regularization.py
gradient  by truncated back-propagation through time, summed over all workers, clipped by value and by its global norm
          (Pascanu et al. 2013)
weights   by AdamW (Loshchilov & Hutter 2019)
average ← average + (1 - decay) (weights - average)            exponential moving average (Polyak & Juditsky 1992)

With `average_every`, each of several workers updates its weights by its own gradients, and after so many steps all take
the mean of their weights and of the optimizer's moments (local SGD, Stich 2019; as in DiLoCo, Douillard et al. 2023,
without its outer optimizer). That moves fewer bytes through a slow network, but is another training.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, num_sub_batches, split_batch, split_conditions, split_memory
from seqgen.engine.layers.regularization import Regularization
from seqgen.engine.model import BATCH_AXIS, Memory, Model
from seqgen.engine.segment import Segment, segment_arrays
from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training.schedule import learning_rate
from seqgen.engine.worker_group import WorkerGroup
from seqgen.errors import TrainingError
from seqgen.grammar import ConditionWindow

TARGET_SHARES = 16
"""The share of targets that are worked out is a multiple of 1 / TARGET_SHARES."""
MAX_TARGET_SHARE = 0.75
"""If more targets than this have a weight, all of them are worked out."""
PRECISIONS = {"float32": tf.float32, "bfloat16": tf.bfloat16}


class Trainer:
    """A model in training: its optimizer, and the memory that its streams carry from segment to segment."""

    def __init__(self, model: Model, settings: TrainingSettings, workers: WorkerGroup | None = None) -> None:
        """With `workers`, this one trains on its share of the streams. Raises TrainingError for unequal shares."""
        self.model = model
        self.settings = settings
        self.workers = workers or WorkerGroup()
        self.streams = self.workers.streams(settings.batch_size)
        """The streams of this worker, out of `batch_size`."""
        self.step_number = 0
        self.rollbacks = 0
        """How often training had to roll back. Each time halves the learning rate."""
        self.memory = model.initial_memory(len(self.streams))
        self.evaluated_model = model.copy() if settings.ema_decay else model
        """The model that is evaluated and kept: one with the averaged weights, or `model` itself."""
        self.trainable_names = [name for name, weight in model.weights.items() if weight.trainable]
        self._variables = [model.weights[name] for name in self.trainable_names]
        self.optimizer = keras.optimizers.AdamW(
            learning_rate=settings.learning_rate, weight_decay=settings.weight_decay, beta_2=0.99
        )
        # Only matrices decay. Gains and biases would gain nothing from it.
        vectors = [weight for weight in self._variables if weight.shape.rank == 1]
        self.optimizer.exclude_from_weight_decay(var_list=vectors)
        self.optimizer.build(self._variables)
        accumulated = self.trainable_names if settings.gradient_accumulation_steps > 1 else []
        self._mean_gradients = {name: tf.Variable(tf.zeros_like(model.weights[name])) for name in accumulated}
        self._step = tf.function(self._train_segment, autograph=False)
        self._apply = compiled(self._apply_gradients)
        self.has_local_updates = settings.average_every > 0 and self.workers.size > 1
        """Whether each worker updates its weights by its own gradients, until `average_weights`."""
        self._average = tf.function(self._average_variables, autograph=False)

    def learning_rate(self, progress: float) -> float:
        """Returns the learning rate at `progress` 0…1 of the run, halved for each rollback."""
        return learning_rate(self.settings, self.step_number, progress) * 0.5**self.rollbacks

    def step(self, segment: Segment, progress: float) -> tf.Tensor:
        """Trains on one segment of this worker's streams. Returns the loss of all streams in nats a token.

        With local updates, it is the loss of this worker's streams. Does not wait for the result. Raises WorkerLost.
        """
        # An update from fewer tokens is smaller (Merity et al. 2018, section 5).
        scale = len(segment.inputs) / self.settings.bptt_length if self.settings.random_bptt_length else 1.0
        self.optimizer.learning_rate.assign(self.learning_rate(progress) * scale)
        update = (self.step_number + 1) % self.settings.gradient_accumulation_steps == 0
        step = tf.constant(self.step_number, tf.int32)
        conditions = segment.conditions if self.model.conditions else None
        num_targets = self._num_targets(segment)
        with self.workers.explain_loss():
            loss, self.memory = self._step(*segment_arrays(segment), self.memory, step, update, num_targets, conditions)
        self.step_number += 1
        return loss

    def _num_targets(self, segment: Segment) -> int | None:
        """Returns how many targets of each sub-batch are worked out, or None for all of them.

        Targets of weight 0, such as those of a sentence that is only read to be translated, need no logits. The number
        is rounded up, because the step is traced once for each.
        """
        if self.model.registers is not None:
            return None  # Dropout before the scores of differences has one mask for each sequence.
        steps, batch_size = segment.weights.shape
        count = num_sub_batches(batch_size, self.model.settings.hidden_size)
        by_sub_batch = np.reshape(segment.weights != 0, (steps, count, -1))
        share = by_sub_batch.sum((0, 2)).max() / by_sub_batch[:, 0].size
        rounded = math.ceil(share * TARGET_SHARES) / TARGET_SHARES
        return max(1, round(rounded * by_sub_batch[:, 0].size)) if rounded <= MAX_TARGET_SHARE else None

    def _train_segment(self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, states: tf.Tensor,
                       memory: Memory, step: tf.Tensor, update: bool, num_targets: int | None,
                       conditions: ConditionWindow | None) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        """Returns the loss and the memory after the segment. The loss is not finite if the gradient is not."""
        loss, gradients, memory = self._gradients(
            inputs, targets, weights, states, memory, step, num_targets, conditions
        )
        if not self.has_local_updates:
            loss, *gradients = self.workers.sum("gradients", [loss, *gradients])
        norm = self._apply(gradients, update)
        return tf.where(tf.math.is_finite(norm), loss, norm), memory

    def _gradients(self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, states: tf.Tensor, memory: Memory,
                   step: tf.Tensor, num_targets: int | None, conditions: ConditionWindow | None
                   ) -> tuple[tf.Tensor, list[tf.Tensor], Memory]:  # fmt: skip
        """Returns the loss, the gradients of the objective in the order of `trainable_names`, and the memory after.

        Loss and gradients are terms of sums over all workers, unless there are local updates.
        """
        count = num_sub_batches(len(self.streams), self.model.settings.hidden_size)
        precision, workers = PRECISIONS[self.settings.precision], self.workers
        # The masks are those of all streams, so that training does not depend on the number of workers.
        regularization, total = Regularization(self.settings, step, workers.size * count), tf.constant(0.0)
        total_weight, memories = tf.reduce_sum(weights), []
        if not self.has_local_updates:
            [total_weight] = workers.sum("weights", [total_weight])
        with tf.GradientTape() as tape:
            parts = zip(
                split_batch([inputs, targets, weights, states], count), split_memory(memory, count),
                split_conditions(conditions, count), strict=True,
            )  # fmt: skip
            for number, ((inputs_, targets_, weights_, states_), memory_, conditions_) in enumerate(parts):
                regularization.sub_batch = workers.rank * count + number
                positions = None
                if num_targets is not None:
                    positions = weighted_positions(weights_, num_targets)
                    weights_ = tf.gather_nd(weights_, positions)
                nats, memory_ = self.model.negative_log_likelihood(
                    inputs_, targets_, states_, memory_, regularization, precision, conditions_, positions
                )
                total += tf.reduce_sum(nats * weights_)
                memories.append(memory_)
            loss = total / tf.maximum(total_weight, 1.0)
            objective = loss + regularization.penalty * (workers.size if self.has_local_updates else 1)
        # Where nothing is shown, the weights that read conditions have no gradient.
        gradients = tape.gradient(objective, self._variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        # A gradient that comes out of a compiled program may have lost its shape.
        pairs = zip(gradients, self._variables, strict=True)
        gradients = [tf.ensure_shape(gradient, variable.shape) for gradient, variable in pairs]
        return loss, gradients, join_memory(memories)

    def _apply_gradients(self, gradients: list[tf.Tensor], update: bool) -> tf.Tensor:
        """Accumulates the gradients of a segment, and updates the weights if `update`. Returns the gradients' norm."""
        norm = tf.linalg.global_norm(gradients)
        if self._mean_gradients:
            gradients = [
                mean.assign_add(gradient / self.settings.gradient_accumulation_steps)
                for mean, gradient in zip(self._mean_gradients.values(), gradients, strict=True)
            ]
        if update:
            self._update_weights(gradients)
            for mean in self._mean_gradients.values():
                mean.assign(tf.zeros_like(mean))
        return norm

    def _update_weights(self, gradients: Sequence[tf.Tensor]) -> None:
        """Makes one step of the optimizer, and one of the moving average."""
        self.optimizer.apply_gradients(zip(clip_gradients(gradients, self.settings), self._variables, strict=True))
        if self.settings.ema_decay:
            # As in tf.train.ExponentialMovingAverage: the initial weights, which know nothing, are soon forgotten.
            updates = tf.cast(self.optimizer.iterations.value, tf.float32)
            decay = tf.minimum(self.settings.ema_decay, (1 + updates) / (10 + updates))
            for name, weight in zip(self.trainable_names, self._variables, strict=True):
                average = self.evaluated_model.weights[name]
                average.assign_add((1 - decay) * (weight - average))

    def average_weights(self) -> None:
        """Gives all workers the mean of their weights and of the optimizer's state. Raises WorkerLost."""
        with self.workers.explain_loss():
            self._average()

    def _average_variables(self) -> None:
        averaged = self.evaluated_model.weights if self.settings.ema_decay else {}
        own = [*self._variables, *(averaged[name] for name in averaged if name in self.trainable_names)]
        own += [variable.value for variable in self.optimizer.variables if variable.dtype == "float32"]
        own += self._mean_gradients.values()
        for variable, total in zip(own, self.workers.sum("average", own), strict=True):
            variable.assign(total / self.workers.size)

    def tensors(self) -> dict[str, np.ndarray]:
        """Returns everything that the next step depends on, by name: weights, averages, optimizer, memory.

        The memory is that of the streams of all workers, which must call this together, and after `average_weights` if
        there are local updates. Raises WorkerLost.
        """
        state = {f"weights/{name}": value for name, value in self.model.numpy_weights().items()}
        if self.evaluated_model is not self.model:
            state |= {f"ema/{name}": value for name, value in self.evaluated_model.numpy_weights().items()}
        for name, value in self._mean_gradients.items():
            state[f"mean_gradient/{name}"] = value.numpy()
        for number, variable in enumerate(self.optimizer.variables):
            state[f"optimizer/{number:03}"] = np.asarray(variable)
        for (name, value), axis in zip(self.memory._asdict().items(), BATCH_AXIS, strict=True):
            state[f"memory/{name}"] = self.workers.gather(f"memory/{name}", value, axis).numpy()
        return state

    def restore(self, state: dict[str, np.ndarray], step_number: int) -> None:
        """Continues from the result of `tensors`. Raises TrainingError if it is of another model."""
        own_shapes = {name: (value.shape, value.dtype) for name, value in self.tensors().items()}
        if own_shapes != {name: (value.shape, value.dtype) for name, value in state.items()}:
            raise TrainingError(
                "The checkpoint is of a model with other settings; resume with the settings it began with."
            )
        for name, weight in self.model.weights.items():
            weight.assign(state[f"weights/{name}"])
        if self.evaluated_model is not self.model:
            for name, weight in self.evaluated_model.weights.items():
                weight.assign(state[f"ema/{name}"])
        for name, value in self._mean_gradients.items():
            value.assign(state[f"mean_gradient/{name}"])
        for number, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"optimizer/{number:03}"])
        whole = (tf.constant(state[f"memory/{name}"]) for name in Memory._fields)
        self.memory = Memory(*(self.workers.own_part(*part) for part in zip(whole, BATCH_AXIS, strict=True)))
        self.step_number = step_number

    def roll_back(self, state: dict[str, np.ndarray]) -> None:
        """Restores earlier weights and halves the learning rate. The next step reads the next segment.

        The segments since then are not read again, because the one that did harm might do so again. Everything that
        belongs to a place in the streams, which is the memory and the accumulated gradients, begins anew.
        """
        self.restore(state, self.step_number)
        self.memory = self.model.initial_memory(len(self.streams))
        for mean in self._mean_gradients.values():
            mean.assign(tf.zeros_like(mean))
        self.rollbacks += 1


def weighted_positions(weights: tf.Tensor, count: int) -> tf.Tensor:
    """Returns int32[count, 2]: the positions of all weights [T, B] that are not 0, then positions of others."""
    order = tf.argsort(tf.cast(tf.reshape(weights, [-1]) == 0, tf.int32), stable=True)[:count]
    return tf.stack([order // weights.shape[1], order % weights.shape[1]], -1)


def clip_gradients(gradients: Sequence[tf.Tensor], settings: TrainingSettings) -> list[tf.Tensor]:
    """Returns the gradients clipped by value, then by their global norm."""
    if settings.gradient_clip_value:
        limit = settings.gradient_clip_value
        gradients = [tf.clip_by_value(gradient, -limit, limit) for gradient in gradients]
    clipped: list[tf.Tensor] = tf.clip_by_global_norm(gradients, settings.gradient_clip_norm)[0]
    return clipped

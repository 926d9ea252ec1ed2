"""Held-out likelihood: how well a model predicts data that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, num_sub_batches, split_batch, split_memory
from seqgen.engine.model import Memory, Model
from seqgen.engine.segment import Segment, segment_arrays
from seqgen.engine.worker_group import WorkerGroup
from seqgen.errors import TrainingError


class HeldOutLikelihood(NamedTuple):
    """The likelihood of held-out data."""

    nats: float
    """Weighted mean of -ln p(token), in nats a token."""
    tokens: float
    """The sum of the weights."""


class Evaluator:
    """Evaluates a model with the weights that it has at the moment of the call."""

    def __init__(self, model: Model, workers: WorkerGroup | None = None) -> None:
        """With `workers`, each of them evaluates segments of its own, and all get the same result."""
        self.model = model
        self.workers = workers or WorkerGroup()
        self._evaluate = tf.function(self._evaluate_segment, autograph=False)
        self._sub_batch = compiled(self._evaluate_sub_batch)

    def held_out_likelihood(self, segments: Iterable[Segment]) -> HeldOutLikelihood:
        """Returns the likelihood of segments in their order, without dropout, beginning with an empty memory.

        Raises TrainingError if there is no token.
        """
        memory, sums = None, np.zeros(2)
        for segment in segments:
            memory = memory or self.model.initial_memory(segment.inputs.shape[1])
            nats, weight, memory = self._evaluate(*segment_arrays(segment), memory)
            sums += [float(nats), float(weight)]
        sums = self.workers.sum_numbers(sums)
        if not sums[1]:
            raise TrainingError("There is no held-out token to evaluate on; give the 'valid' split more documents.")
        return HeldOutLikelihood(float(sums[0] / sums[1]), float(sums[1]))

    def _evaluate_segment(self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, states: tf.Tensor,
                          memory: Memory) -> tuple[tf.Tensor, tf.Tensor, Memory]:  # fmt: skip
        """Returns the sum of the nats, the sum of the weights, and the memory after a segment."""
        count = num_sub_batches(inputs.shape[1], self.model.settings.hidden_size)
        parts = zip(split_batch([inputs, targets, weights, states], count), split_memory(memory, count), strict=True)
        results = [self._sub_batch(*arrays, part_memory) for arrays, part_memory in parts]
        memory = join_memory([part_memory for _, part_memory in results])
        return tf.add_n([nats for nats, _ in results]), tf.reduce_sum(weights), memory

    def _evaluate_sub_batch(self, inputs: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor, states: tf.Tensor,
                            memory: Memory) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        nats, memory = self.model.negative_log_likelihood(inputs, targets, states, memory)
        return tf.reduce_sum(nats * weights), memory

"""Held-out likelihood: how well a model predicts what it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.data_parallel import join_memory, lanes_of, split_memory, split_streams
from seqgen.engine.model import Memory, Model
from seqgen.engine.segment import Segment, tensors
from seqgen.errors import TrainingError


class HeldOut(NamedTuple):
    """Likelihood of data that is not trained on."""

    nats: float
    """Mean -ln p of a token, weighted."""
    tokens: float
    """The sum of the weights."""


class Evaluator:
    """Evaluates a model as it is at the moment of the call."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._segment = tf.function(self._score_segment, autograph=False)
        self._lane = compiled(self._score_lane)

    def evaluate(self, segments: Iterable[Segment]) -> HeldOut:
        """Mean nats a token over segments in their order, without dropout, from an empty memory."""
        memory, sums = None, np.zeros(2)
        for segment in segments:
            memory = memory or self.model.empty_memory(segment.inputs.shape[1])
            nats, count, memory = self._segment(*tensors(segment), memory)
            sums += [float(nats), float(count)]
        if not sums[1]:
            raise TrainingError("There is no held-out token to evaluate on; give the 'valid' split more documents.")
        return HeldOut(float(sums[0] / sums[1]), float(sums[1]))

    def _score_segment(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor,
                       memory: Memory) -> tuple[tf.Tensor, tf.Tensor, Memory]:  # fmt: skip
        lanes = lanes_of(inputs.shape[1], self.model.settings.hidden_size)
        parts = split_streams([inputs, targets, counts, states], lanes)
        made = [self._lane(*part, before) for part, before in zip(parts, split_memory(memory, lanes), strict=True)]
        return tf.add_n([nats for nats, _ in made]), tf.reduce_sum(counts), join_memory([after for _, after in made])

    def _score_lane(self, inputs: tf.Tensor, targets: tf.Tensor, counts: tf.Tensor, states: tf.Tensor,
                    memory: Memory) -> tuple[tf.Tensor, Memory]:  # fmt: skip
        nats, memory = self.model.nats(inputs, targets, states, memory)
        return tf.reduce_sum(nats * counts), memory

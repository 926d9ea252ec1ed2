"""Conditions in decoding: they are read once, before the first token, and each sequence looks its step up.

See seqgen/grammar/conditions.py for what conditions are, and layers/conditions.py for how they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.model import Model
from seqgen.grammar import BOS

STEP_MULTIPLE = 1024
"""Conditions are padded to a multiple of so many steps, so that most of them share one compiled shape."""


class ConditionSource(NamedTuple):
    """Where the conditions of samples come from.

    after: how many ids of a document must be known before its conditions can be made
    of:    takes the number of a sample and the first ids of its document, and returns int32[C, J]
    """

    after: int
    of: Callable[[int, np.ndarray], np.ndarray]


class ConditionState(NamedTuple):
    """What each of B sequences hears of K sets of conditions. All parts are () where nothing is known ahead."""

    heard: Any = ()  # [S, K, D], by step; 0 at the first step and at the last one
    number: Any = ()  # int32[B], which of the K sets belongs to each sequence
    step: Any = ()  # int32[B], the step after the last token that the model has read

    def select(self, rows: tf.Tensor) -> ConditionState:
        """Returns the sequences int32[R] of the batch, in that order."""
        if not self:
            return self
        return self._replace(number=tf.gather(self.number, rows), step=tf.gather(self.step, rows))

    def __bool__(self) -> bool:
        return not isinstance(self.heard, tuple)


class Conditioning:
    """Reads the conditions of a model. Compiled once for each number of sets and of steps."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._hear = compiled(self._hear_all)
        if model.conditions is not None:
            self._kind = tf.constant(model.conditions.kind)
            self._advances = tf.constant(model.conditions.advances)

    @property
    def nothing(self) -> np.ndarray:
        """The conditions of a document of which nothing is known ahead: int32[1, J]."""
        return np.zeros((1, len(self._model.conditions.channel_sizes) if self._model.conditions else 0), np.int32)

    def state(self, values: Sequence[np.ndarray]) -> ConditionState:
        """Returns the state of K sequences before their first token, for each of which values are int32[C, J].

        Nothing is known ahead for a model without conditions. Raises ValueError for values that no channel has.
        """
        conditions = self._model.conditions
        if conditions is None:
            return ConditionState()
        if not all(conditions.accepts(one) for one in values):
            raise ValueError("the conditions have values that no channel has, or say something of step 0")
        steps = max(map(len, values)) + 1
        shape = -(-steps // STEP_MULTIPLE) * STEP_MULTIPLE, len(values), len(conditions.channel_sizes)
        padded = np.zeros(shape, np.int32)
        for number, one in enumerate(values):
            padded[: len(one), number] = one
        # Many samples may have the same conditions, such as one of few keys.
        distinct, which = np.unique(padded, axis=1, return_inverse=True)
        # Hearing is compiled for each number of sets of conditions, so these are powers of two.
        missing = (1 << (distinct.shape[1] - 1).bit_length()) - distinct.shape[1]
        distinct = np.pad(distinct, [(0, 0), (0, missing), (0, 0)])
        numbers = tf.range(len(values))
        return ConditionState(tf.gather(self._hear(distinct), which.ravel(), axis=1), numbers, tf.zeros_like(numbers))

    def _hear_all(self, values: tf.Tensor) -> tf.Tensor:
        heard = self._model.hear_conditions(values, tf.zeros(values.shape[:2], tf.bool))
        # Nothing is heard at step 0, and a step that the conditions do not reach is looked up in the last row.
        return tf.concat([tf.zeros_like(heard[:1]), heard[1:-1], tf.zeros_like(heard[:1])], 0)

    def advance(
        self, state: ConditionState, token: tf.Tensor, state_class: tf.Tensor
    ) -> tuple[ConditionState, tf.Tensor | None]:
        """Moves on by one token. Returns the state after it, and what the model hears as it reads the token [B, D].

        token int32[B]; state_class int32[B] is that of the grammar's state after it. For use in a compiled loop.
        """
        if not state:
            return state, None
        advances = tf.gather_nd(self._advances, tf.stack([state_class, tf.gather(self._kind, token)], -1))
        step = tf.where(token == BOS, 0, state.step + tf.cast(advances, tf.int32))
        last = state.heard.shape[0] - 1
        return state._replace(step=step), self._look_up(state.heard, tf.minimum(step, last), state.number)

    def along(self, state: ConditionState, steps: tf.Tensor) -> tf.Tensor | None:
        """Returns what the model hears [T, B, D] at steps int32[T, B], or [T, 1] if all sequences have the same."""
        if not state:
            return None
        shape = steps.shape[0], state.number.shape[0]
        steps = tf.broadcast_to(tf.minimum(steps, state.heard.shape[0] - 1), shape)
        return self._look_up(state.heard, steps, tf.broadcast_to(state.number, shape))

    @staticmethod
    def _look_up(heard: tf.Tensor, step: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(heard, tf.stack([step, number], -1))

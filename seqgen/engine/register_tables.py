"""Registers as tensors, which compiled functions read. K registers, S slots, vocabulary of V tokens.

See seqgen/grammar/registers.py for what registers are. They hold slots: 1 + the rank of a coordinate, or 0 for none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.grammar import BOS
from seqgen.grammar.registers import DIFFERENCE_COUNT, NONE, Registers


class RegisterTables(NamedTuple):
    """The tables of registers (seqgen/grammar/registers.py)."""

    slot: tf.Tensor  # int32[V]
    kind: tf.Tensor  # int32[V]
    update: tf.Tensor  # int32[C, N]
    sources: tf.Tensor  # int32[R, K]
    counts: tf.Tensor  # bool[R, K], where a counter counts
    subject: tf.Tensor  # int32[R]
    difference: tf.Tensor  # int32[S, S]
    reference_count: int
    counter_count: int

    @classmethod
    def from_registers(cls, registers: Registers) -> RegisterTables:
        counts = registers.sources == registers.register_count + 2
        # Where a counter counts, the copied value is not used.
        sources = np.minimum(registers.sources, registers.register_count + 1)
        return cls(
            slot=tf.constant(registers.slots, tf.int32),
            kind=tf.constant(registers.kind, tf.int32),
            update=tf.constant(registers.update, tf.int32),
            sources=tf.constant(sources, tf.int32),
            counts=tf.constant(counts),
            subject=tf.constant(registers.subject, tf.int32),
            difference=tf.constant(registers.difference, tf.int32),
            reference_count=registers.reference_count,
            counter_count=registers.counter_count,
        )

    def step(self, token: tf.Tensor, state_class: tf.Tensor, registers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the registers int32[B, K] after a token int32[B], and the slot of the token's subject int32[B].

        state_class int32[B] is that of the grammar's state after the token, registers int32[B, K] those before it.
        """
        slot, number = tf.gather(self.slot, token), self._update_number(token, state_class)
        subject = tf.gather(_sources_of(registers, slot), tf.gather(self.subject, number), batch_dims=1)
        after = self.advance(token, state_class, registers, slot)
        return after, tf.where(token == BOS, NONE, subject)

    def advance(self, token: tf.Tensor, state_class: tf.Tensor, registers: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """Returns the registers int32[B, K] after a token int32[B], with `value` int32[B] for the token's slot.

        See `step`.
        """
        number = self._update_number(token, state_class)
        copied = tf.gather(_sources_of(registers, value), tf.gather(self.sources, number), batch_dims=1)
        after = tf.where(tf.gather(self.counts, number), registers + 1, copied)
        return tf.where((token == BOS)[:, None], NONE, after)

    def _update_number(self, token: tf.Tensor, state_class: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(self.update, tf.stack([state_class, tf.gather(self.kind, token)], -1))

    def read(self, inputs: tf.Tensor, classes: tf.Tensor, registers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Reads the tokens of a segment. Returns what the model sees of each, and the registers after each.

        inputs and classes are int32[T, B], registers int32[B, K] those before the segment. What the model sees is
        int32[T, B, K - memory registers]: the difference between the token's subject and each reference before it, and
        each counter after it, clipped to the same range.
        """
        after, subject = read_tokens(self, inputs, classes, registers)
        references = self.reference_count
        before = tf.where((inputs == BOS)[:, :, None], NONE, tf.concat([registers[None], after[:-1]], 0))
        pairs = tf.stack([tf.repeat(subject[:, :, None], references, -1), before[:, :, :references]], -1)
        differences = tf.gather_nd(self.difference, pairs)
        counters = after[:, :, after.shape[-1] - self.counter_count :]
        counts = tf.minimum(counters, DIFFERENCE_COUNT - 1)
        return tf.concat([differences, counts], -1), after


def _sources_of(registers: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Returns what a register can take its value from: int32[B, K + 2]."""
    return tf.concat([registers, value[:, None], tf.fill((*value.shape, 1), NONE)], -1)


@compiled
def read_tokens(
    tables: RegisterTables, inputs: tf.Tensor, classes: tf.Tensor, registers: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the registers int32[T, B, K] after each input, and the slots of the subjects int32[T, B]."""
    steps, batch_size = inputs.shape
    if steps == 1:
        after, subject = tables.step(inputs[0], classes[0], registers)
        return after[None], subject[None]

    def read(t: tf.Tensor, value: tf.Tensor, after: tf.TensorArray, subjects: tf.TensorArray) -> tuple[object, ...]:
        value, subject = tables.step(inputs[t], classes[t], value)
        return t + 1, value, after.write(t, value), subjects.write(t, subject)

    arrays = (
        tf.TensorArray(tf.int32, steps, element_shape=registers.shape),
        tf.TensorArray(tf.int32, steps, element_shape=(batch_size,)),
    )
    _, _, after, subjects = tf.while_loop(
        lambda t, *_: t < steps, read, (0, registers, *arrays), maximum_iterations=steps
    )
    return after.stack(), subjects.stack()

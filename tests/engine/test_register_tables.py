"""Registers in a compiled function hold what the automaton says, step by step and over segments."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from engine import toys
from seqgen.engine.register_tables import RegisterTables
from seqgen.grammar import NO_COORDINATE, lags
from seqgen.grammar.registers import DIFFERENCE_COUNT

GRAMMAR, REGISTERS = toys.turns(), toys.repeating()
TABLES = RegisterTables.from_registers(REGISTERS)


def stream(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three documents after one another, and the classes of the grammar's states after them."""
    documents = toys.documents(3, seed)
    states = [GRAMMAR.unroll(ids) for ids in documents]
    return np.concatenate(documents), GRAMMAR.state_class[np.concatenate(states)]


def test_a_segment_gives_what_the_automaton_gives_for_each_stream():
    streams = [[part[:30] for part in stream(seed)] for seed in range(3)]
    ids, classes = (tf.constant(np.stack(part, 1)) for part in zip(*streams, strict=True))
    _, after = TABLES.read(ids, classes, tf.zeros((3, REGISTERS.register_count), tf.int32))
    expected = [REGISTERS.unroll(*one) for one in streams]
    np.testing.assert_array_equal(after, np.stack(expected, 1))


def test_segments_and_single_steps_carry_the_registers_on():
    ids, classes = (part[:, None] for part in stream(4))
    none = tf.zeros((1, REGISTERS.register_count), tf.int32)
    seen, after = TABLES.read(tf.constant(ids), tf.constant(classes), none)
    for length in (1, 7):
        registers, parts = none, []
        for begin in range(0, len(ids), length):
            part = slice(begin, begin + length)
            one_seen, some = TABLES.read(tf.constant(ids[part]), tf.constant(classes[part]), registers)
            registers = some[-1]
            parts.append((one_seen, some))
        for whole, pieces in zip((seen, after), zip(*parts, strict=True), strict=True):
            np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_the_model_does_not_see_memory():
    coordinate = np.array([NO_COORDINATE, NO_COORDINATE, 5, 9, 20], np.int32)
    tables = RegisterTables.from_registers(lags(coordinate, (1, 3), class_count=1))
    ids = np.array([[0, 2, 3, 4, 2, 4]], np.int32).T
    seen, _ = tables.read(tf.constant(ids), tf.zeros(ids.shape, tf.int32), tf.zeros((1, 3), tf.int32))
    none = DIFFERENCE_COUNT - 1
    # The value before, and the one of three steps ago: 24 is the row of equal coordinates.
    assert seen[:, 0].numpy().tolist() == [
        [none, none], [none, none], [28, none], [35, none], [24 - 15, 24], [39, 35]
    ]  # fmt: skip


def test_the_model_sees_differences_to_what_was_there_before_and_counters_after():
    ids = np.array([[0, 3, 2, 3, 8, 4, 4, 4]], np.int32).T
    seen, _ = TABLES.read(tf.constant(ids), tf.zeros(ids.shape, tf.int32), tf.zeros((1, 3), tf.int32))
    none = DIFFERENCE_COUNT - 1
    # Register 0 holds the last coordinate and 1 the one before it, of 2, 3, …; token 4 keeps them and counts.
    assert seen[:, 0].numpy().tolist() == [
        [none, none, 0], [none, none, 0], [14, none, 0], [34, 24, 0], [48, 48, 0], [24, 48, 1], [24, 48, 2], [24, 48, 3]
    ]  # fmt: skip

"""XLA programs, and functions that know whether they are part of one."""

from __future__ import annotations

import tensorflow as tf

from seqgen.engine.compiling import compiled, inside_program


def test_a_compiled_function_knows_that_it_is_part_of_a_program():
    seen = []

    @compiled
    def inner(x):
        seen.append(inside_program())
        return x * 2

    @compiled
    def outer(x):
        return inner(x) + 1

    assert float(outer(tf.constant(3.0))) == 7
    assert seen == [True]
    assert float(inner(tf.constant(3.0))) == 6
    assert seen == [True, True]
    assert not inside_program()


def test_a_program_is_made_once_for_a_shape():
    traced = []

    @compiled
    def double(x):
        traced.append(x.shape)
        return x * 2

    for value in (1.0, 2.0):
        double(tf.fill([3], value))
    double(tf.fill([4], 1.0))
    assert traced == [(3,), (4,)]
    assert double.__name__ == "double"


def test_an_error_while_tracing_leaves_the_program():
    @compiled
    def broken(x):
        raise ZeroDivisionError

    try:
        broken(tf.constant(1.0))
    except ZeroDivisionError:
        pass
    assert not inside_program()

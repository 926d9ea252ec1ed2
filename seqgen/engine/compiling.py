"""XLA programs: functions of tensors that are compiled as a whole."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf


class _Tracing(threading.local):
    inside_program = False


_tracing = _Tracing()


def inside_program() -> bool:
    """Whether the code that runs now is being traced for an XLA program."""
    return _tracing.inside_program


@contextmanager
def uncompiled() -> Iterator[None]:
    """Lets compiled functions become a part of what is traced here: a program, or a graph that is exported."""
    before, _tracing.inside_program = _tracing.inside_program, True
    try:
        yield
    finally:
        _tracing.inside_program = before


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a function of tensors with XLA, which is fast where many small operations follow each other.

    Called inside another compiled function, it becomes a part of that program. A program that called another program
    would make XLA ask for the values of all tensors that the shapes of the inner gradient depend on, and compile again
    for every new value.
    """

    def traced(*arguments: Any, **options: Any) -> Any:
        with uncompiled():
            return function(*arguments, **options)

    program = tf.function(traced, jit_compile=True, autograph=False)

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        return (function if _tracing.inside_program else program)(*arguments, **options)

    return call

"""XLA programs: what makes one of a function of tensors."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import tensorflow as tf


class _Tracing(threading.local):
    inside_program = False


_tracing = _Tracing()


def inside_program() -> bool:
    """Whether what runs now is being made part of an XLA program."""
    return _tracing.inside_program


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes one XLA program of a function of tensors: fast where many small operations follow each other.

    Inside another program it is a part of that one. A program called by a program would make XLA ask for the values
    of all tensors that an inner gradient's shapes come with, and compile again for every new value.
    """

    def traced(*arguments: Any, **options: Any) -> Any:
        before, _tracing.inside_program = _tracing.inside_program, True
        try:
            return function(*arguments, **options)
        finally:
            _tracing.inside_program = before

    program = tf.function(traced, jit_compile=True, autograph=False)

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        return (function if _tracing.inside_program else program)(*arguments, **options)

    return call

"""Checks that hold for the arguments of every command, those of plugins included."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import click

from seqgen.errors import InvalidValue

MAX_INTEGER = 2**63 - 1

Callback = Callable[[click.Context, click.Parameter, Any], Any]


def check_arguments_of(command: click.Command) -> None:
    """Lets a command check each of its arguments before its own callbacks get them."""
    for parameter in command.params:
        if not isinstance(parameter.callback, CheckedCallback):
            parameter.callback = CheckedCallback(parameter.callback)
        if isinstance(parameter.type, click.Path) and not isinstance(parameter.type, NonEmptyPath):
            parameter.type = NonEmptyPath(parameter.type)


class NonEmptyPath(click.Path):
    """A type of paths that refuses an empty one, which would stand for the folder of the process."""

    def __init__(self, original: click.Path) -> None:
        vars(self).update(vars(original))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Raises InvalidValue for an empty path, and click.BadParameter as click.Path does."""
        if param is not None and not os.fspath(value):
            raise InvalidValue(f"{name_of(param)} cannot be empty; give a path.")
        return super().convert(value, param, ctx)


class CheckedCallback:
    """The callback of a parameter that refuses values which no command can use."""

    def __init__(self, callback: Callback | None) -> None:
        self.callback = callback

    def __call__(self, context: click.Context, parameter: click.Parameter, value: Any) -> Any:
        """Raises InvalidValue for a huge integer, a number that is not finite, and a text that is not UTF-8."""
        for one in value if isinstance(value, (tuple, list)) else [value]:
            check_argument(parameter, one)
        return value if self.callback is None else self.callback(context, parameter, value)


def check_argument(parameter: click.Parameter, value: Any) -> None:
    """Raises InvalidValue for a huge integer, a number that is not finite, and text that is not UTF-8.

    A path can contain any bytes.
    """
    name = name_of(parameter)
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise InvalidValue(f"{name} cannot be {value}; give a number of at most 18 digits.")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValue(f"{name} cannot be {value}; give a finite number.")
    if isinstance(value, str) and not isinstance(parameter.type, click.Path) and not is_unicode(value):
        raise InvalidValue(f"{name} cannot be {value!r}, which is not UTF-8; give a text in UTF-8.")


def name_of(parameter: click.Parameter) -> str:
    """Returns what a user calls a parameter."""
    return parameter.opts[0] if isinstance(parameter, click.Option) else parameter.human_readable_name


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8, which is false if a byte of it was not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True

"""Compares what a plugin's method returns with the return type that the contract annotates."""

from __future__ import annotations

import functools
import numbers
import types
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from seqgen.contract.documents import Item, Record


@functools.cache
def return_type(contract: Any, method: str) -> Any:
    """Returns the annotated return type of a method of the contract."""
    return get_type_hints(getattr(contract, method)).get("return", Any)


def item_type(kind: type[Any]) -> Any:
    """Returns the type of the items of a domain: `str` for `class Words(Domain[str])`. Any if it does not say."""
    for base in kind.__mro__:
        for generic in vars(base).get("__orig_bases__", ()):
            arguments = get_args(generic)
            if len(arguments) == 1 and _is_checkable(arguments[0]):
                return arguments[0]
    return Any


def element_type(expected: Any) -> Any:
    """Returns the type of what a method yields, or None if it does not return an iterator."""
    return get_args(expected)[0] if get_origin(expected) is Iterator else None


def is_iterable(value: Any) -> bool:
    """Whether a value can stand for an iterator. A text or a mapping is a mistake."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, dict, np.ndarray))


def has_type(value: Any, expected: Any, item: Any) -> bool:
    """Whether a value has the expected type. `item` is the type of the domain's items.

    An integer is a float (PEP 484), and numbers of NumPy count as numbers.
    """
    if expected is Item:
        return item is Any or has_type(value, item, Any)
    if expected is Any or isinstance(expected, TypeVar):
        return True
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return any(has_type(value, one, item) for one in arguments)
    if origin is list:
        return isinstance(value, list) and all(has_type(one, arguments[0], item) for one in value)
    if origin is tuple and arguments[1:] == (...,):
        return isinstance(value, tuple) and all(has_type(one, arguments[0], item) for one in value)
    if origin is dict:
        pairs = value.items() if isinstance(value, dict) else ()
        return isinstance(value, dict) and all(
            has_type(key, arguments[0], item) and has_type(one, arguments[1], item) for key, one in pairs
        )
    if origin is Record:
        return isinstance(value, Record) and has_type(value.item, arguments[0], item)
    if expected is float:
        return isinstance(value, numbers.Real)
    if expected is int:
        return isinstance(value, numbers.Integral)
    if expected is bool:
        return isinstance(value, (bool, np.bool_))
    return isinstance(value, type(None) if expected is None else origin or expected)


def describe_value(value: Any) -> str:
    """Returns what a value is, for a message: "a list", "None"."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def describe_type(expected: Any, item: Any) -> str:
    """Returns the name of a type, for a message: "str", "list[Path]", "Vocabulary or Learned"."""
    if expected is Item:
        return "an item of the domain" if item is Any else describe_type(item, Any)
    if expected is None or expected is type(None):
        return "None"
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(describe_type(one, item) for one in arguments))
    name = str(getattr(origin or expected, "__name__", expected))
    inner = ["…" if one is ... else describe_type(one, item) for one in arguments]
    return f"{name}[{', '.join(inner)}]" if inner else name


def _is_checkable(expected: Any) -> bool:
    """Whether `isinstance` can be asked about a type. It cannot about a type variable, a protocol or a `TypedDict`."""
    if isinstance(expected, (TypeVar, str)):
        return False
    try:
        has_type(None, expected, Any)
    except TypeError:
        return False
    return True

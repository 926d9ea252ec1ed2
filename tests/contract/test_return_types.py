"""Values are compared with the types that the contract annotates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypedDict, TypeVar

import numpy as np
import pytest

from seqgen import Domain, Grammar, Learned, Record, Vocabulary
from seqgen.contract.capabilities import Metrics
from seqgen.contract.core import Core
from seqgen.contract.documents import Item
from seqgen.contract.return_types import (
    describe_type,
    describe_value,
    element_type,
    has_type,
    is_iterable,
    item_type,
    return_type,
)

T = TypeVar("T")


class _Speaks(Protocol):
    def speak(self) -> None: ...


class _Table(TypedDict):
    name: str


class _Base(Domain[T]):
    pass


class _Words(_Base[str]):
    pass


class _Lists(Domain[list[int]]):
    pass


class _OfProtocols(Domain[_Speaks]):
    pass


class _OfTables(Domain[_Table]):
    pass


@pytest.mark.parametrize(
    ("value", "expected", "is_right"),
    [
        ("a", str, True),
        (1, str, False),
        (1, float, True),
        (np.float32(1), float, True),
        ("1", float, False),
        (np.int64(1), int, True),
        (np.True_, bool, True),
        (1, bool, False),
        (None, None, True),
        (None, str | None, True),
        ([Path("a")], list[Path], True),
        (["a"], list[Path], False),
        ((Path("a"),), list[Path], False),
        (("a", "b"), tuple[str, ...], True),
        (["a"], tuple[str, ...], False),
        ({"a": 1}, dict[str, float], True),
        ({"a": "b"}, dict[str, float], False),
        (7, Any, True),
        (7, T, True),
        ("a", Item, True),
        (7, Item, False),
        (Record("a"), Record[Item], True),
        (Record(7), Record[Item], False),
        ((1, 2), Sequence[int], True),
    ],
)
def test_a_value_is_compared_with_a_type(value, expected, is_right):
    assert has_type(value, expected, str) == is_right


def test_the_type_of_the_items_is_that_of_the_class():
    assert item_type(_Words) is str
    assert item_type(_Lists) == list[int]
    assert item_type(_Base) is Any
    assert item_type(_OfProtocols) is Any
    assert item_type(_OfTables) is Any


def test_the_contract_says_what_is_returned():
    assert return_type(Core, "grammar") is Grammar
    assert return_type(Core, "learn") == Vocabulary | Learned
    assert return_type(Metrics, "sizes") == dict[str, float]
    assert element_type(return_type(Core, "grammar")) is None
    assert element_type(Iterator[str]) is str


def test_a_text_is_no_iterator():
    assert is_iterable([1])
    assert is_iterable(iter("ab"))
    assert not is_iterable("ab")
    assert not is_iterable({"a": 1})
    assert not is_iterable(None)


def test_descriptions_are_for_people():
    assert [describe_value(value) for value in (None, 7, "a", [])] == ["None", "an int", "a str", "a list"]
    assert describe_type(list[Path], Any) == "list[Path]"
    assert describe_type(Vocabulary | Learned, Any) == "Vocabulary or Learned"
    assert describe_type(str | None, Any) == "str or None"
    assert describe_type(tuple[str, ...], Any) == "tuple[str, …]"
    assert describe_type(Item, str) == "str"
    assert describe_type(Item, Any) == "an item of the domain"

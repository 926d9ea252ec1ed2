"""Options: named and typed values, and sentences about those that cannot be."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import pytest
from letters import Letters
from pydantic import field_validator

from seqgen import (
    InvalidValue,
    Options,
    PluginError,
    UnknownName,
)
from seqgen.contract.options import type_name


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


def test_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(UnknownName, match=r"did you mean 'half'\? there is: half"):
        Letters.Settings.from_mapping({"hafl": True})


def test_a_setting_that_cannot_be_says_why():
    with pytest.raises(InvalidValue, match="'half' cannot be 'perhaps'"):
        Letters.Settings.from_mapping({"half": "perhaps"})


class _Asked(Options):
    bars: int | None = None
    key: str | None = None


def test_options_without_values_are_empty():
    assert _Asked().is_empty
    assert not _Asked(bars=3).is_empty


def test_options_know_their_names():
    assert _Asked.has_option("bars")
    assert not _Asked.has_option("tempo")


def test_options_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        _Asked().bars = 3


def test_a_message_calls_an_option_what_it_is():
    with pytest.raises(UnknownName, match="There is no constraint 'bras'; did you mean 'bars'"):
        _Asked.from_mapping({"bras": 1}, "constraint")
    with pytest.raises(InvalidValue, match="The constraint 'bars' cannot be 'many'"):
        _Asked.from_mapping({"bars": "many"}, "constraint")


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (Literal["win", "draw", "loss"] | None, "win | draw | loss"),
        (int | None, "int"),
        (bool, "bool"),
        (Annotated[int, "even"] | str, "int | str"),
        (list[int], "list[int]"),
        (Colour, "red | green"),
    ],
)
def test_a_type_is_named_for_people(annotation, name):
    assert type_name(annotation) == name


def test_a_validator_that_fails_is_a_bug_of_the_plugin():
    class Settings(Options):
        size: int = 0

        @field_validator("size")
        @classmethod
        def look_up(cls, size):
            return {}[size]

    with pytest.raises(PluginError, match=r"settings of .*test_options fail with KeyError: 3; tell the author"):
        Settings.from_mapping({"size": 3})

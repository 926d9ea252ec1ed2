"""Errors: one tree, all of it open to plugins, and sentences that name what exists."""

from __future__ import annotations

import re

import pytest

import seqgen
from seqgen import errors

CLASSES = {name: value for name, value in vars(errors).items() if isinstance(value, type)}
TREE = re.findall(r"(\w+) {2,}\S", errors.__doc__)


def test_the_tree_in_the_docstring_is_complete():
    errors_of_seqgen = {name for name, value in CLASSES.items() if issubclass(value, errors.SeqgenError)}
    assert set(TREE) | {"SeqgenError"} == errors_of_seqgen
    assert {name for name, value in CLASSES.items() if issubclass(value, Exception)} - errors_of_seqgen == {
        "SeqgenWarning"
    }


def test_the_warning_is_open_to_plugins():
    assert issubclass(seqgen.SeqgenWarning, UserWarning)


@pytest.mark.parametrize("name", TREE)
def test_every_error_is_a_seqgen_error_that_plugins_may_import(name):
    assert issubclass(CLASSES[name], errors.SeqgenError)
    assert getattr(seqgen, name) is CLASSES[name]


def test_an_unknown_name_suggests_the_nearest_and_lists_what_exists():
    assert str(seqgen.UnknownName("domain", "mid", ["text", "midi"])) == (
        "There is no domain 'mid'; did you mean 'midi'? there is: midi, text."
    )
    assert str(seqgen.UnknownName("domain", "x", [])) == "There is no domain 'x'; there is: none."
    names = [f"name_{number:02}" for number in range(40)]
    shown = ", ".join(names[:9])
    assert str(seqgen.UnknownName("setting", "y", names)) == f"There is no setting 'y'; there is: {shown} and 31 more."


def test_an_unusable_file_has_a_reason_to_count_and_a_detail_to_show():
    error = seqgen.UnusableFile("not UTF-8", "byte 0xE9 at offset 8")
    assert (error.reason, error.detail, str(error)) == (
        "not UTF-8",
        "byte 0xE9 at offset 8",
        "not UTF-8 (byte 0xE9 at offset 8)",
    )
    assert str(seqgen.UnusableFile("empty")) == "empty"

"""Equal content has equal fingerprints, across types and orders."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from seqgen import PluginError
from seqgen.contract.fingerprint import fingerprint


@dataclass(frozen=True)
class Note:
    pitch: int
    title: str = field(default="", compare=False)


def test_equal_content_has_equal_fingerprints():
    assert fingerprint(Note(3, "one")) == fingerprint(Note(3, "two"))
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(np.arange(6)[::2]) == fingerprint(np.array([0, 2, 4]))
    assert fingerprint(np.int64(5)) == fingerprint(5)


def test_different_content_has_different_fingerprints():
    different = [
        None, True, False, 0, 1, 0.0, 1.0, "", "0", b"", b"0", (), [], {}, ((),), ([],), ("ab", "c"), ("a", "bc"),
        ["a"], ["a", "b"], [["a"], "b"], {"a": 1}, {"a": 2}, {"b": 1}, {1: "a"}, Note(0), Note(1), float("nan"),
        np.zeros(2), np.zeros(2, np.float32), np.zeros((2, 1)), np.zeros((1, 2)), np.arange(2), "\ud800",
    ]  # fmt: skip
    assert len({fingerprint(value) for value in different}) == len(different)


@pytest.mark.parametrize("value", [object(), {1, 2}, [lambda: 0], np.array([None]), Note])
def test_what_has_no_fingerprint_is_a_plugin_error(value):
    with pytest.raises(PluginError, match="no fingerprint"):
        fingerprint(value)

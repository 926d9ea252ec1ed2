"""The names of tokens, and what else a domain learns."""

from __future__ import annotations

import pytest
from letters import Letters

from seqgen import (
    Learned,
    Vocabulary,
)


def test_vocabulary_names_every_token():
    vocabulary = Vocabulary(["x", "y"])
    assert list(vocabulary) == ["<bos>", "<eos>", "x", "y"]
    assert vocabulary.ids["y"] == 3
    assert vocabulary == Vocabulary(["x", "y"]) != Vocabulary(["y", "x"])
    with pytest.raises(ValueError, match="twice"):
        Vocabulary(["x", "x"])


def test_a_vocabulary_is_a_sequence_that_can_be_hashed():
    vocabulary = Vocabulary(["x", "y"])
    assert (vocabulary[2], vocabulary[-1], len(vocabulary), "x" in vocabulary) == ("x", "y", 4, True)
    assert len({vocabulary, Vocabulary(["x", "y"])}) == 1


def test_a_domain_without_other_state_has_none():
    assert Learned(Vocabulary("a")).state == {}
    assert Letters().state == {}

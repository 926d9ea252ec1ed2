"""Capabilities: their defaults, and which methods a plugin implements."""

from __future__ import annotations

import numpy as np
import pytest
from complete_domain import Complete
from letters import Letters, Line

from seqgen import (
    EOS,
    Deduplication,
    Display,
    Metrics,
    Record,
    UsageError,
    VocabularyLearning,
)


def test_a_prompt_leaves_the_document_open():
    prompt = Letters().prompting.prompt(Line("abc"))
    assert prompt.ids.tolist() == [0, 2, 3, 4]
    assert prompt.ids[-1] != EOS
    assert Letters().prompting.prompt().ids.tolist() == [0]


class _NoVowels(Letters):
    def grammar(self, constraints=None):
        allowed = super().grammar()
        vowels = [self.vocabulary.ids[letter] for letter in "aeiou"]
        allowed.allowed[:, vowels] = False
        return allowed


def test_a_prompt_that_does_not_fit_is_the_callers_error():
    with pytest.raises(UsageError, match="does not fit"):
        _NoVowels().prompting.prompt(Line("abc"))


def test_a_capability_offers_the_methods_that_a_plugin_implements():
    assert Complete().metrics.offers("sizes")
    assert not Metrics().offers("sizes")
    assert Letters.training.offers("augment")
    assert not Letters.training.offers("auxiliary_targets")


def test_defaults_do_nothing():
    assert Deduplication().key("item") == "item"
    assert Deduplication().group(Record("item", {"source": 1})) is None
    assert Display().html("item") == Display().script() == ""
    assert VocabularyLearning().observe("item") == "item"
    assert VocabularyLearning().start_domains() == ()
    assert Metrics().sizes("item") == Metrics().compare([], []) == {}
    assert Metrics().copy_symbols(np.array([0, 5, 1])).tolist() == [-1, 5, -1]


def test_what_follows_a_prompt_is_a_document_of_its_own():
    assert Letters().prompting.without_prompt(np.array([0, 2, 3, 4, 1]), 3).tolist() == [0, 4, 1]


def test_the_given_part_of_an_item_is_what_its_weights_leave_out():
    assert Letters(Letters.Settings(half=True)).prompting.given_part(Record(Line("abcd"))) == Line("a")
    assert Letters().prompting.given_part(Record(Line("abcd"))) == Line("")

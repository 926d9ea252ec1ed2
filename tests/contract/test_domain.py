"""The contract of a domain: its defaults and its options."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import (
    EOS,
    Example,
    Grammar,
    InvalidValue,
    MissingCapability,
    PluginError,
    Prompting,
    Training,
    UnknownName,
    UsageError,
    Vocabulary,
)
from seqgen.contract.capabilities import CAPABILITIES
from seqgen.contract.core import Core

CORE = ("read", "learn", "encode", "decode", "write", "grammar")


def test_vocabulary_names_every_token():
    vocabulary = Vocabulary(["x", "y"])
    assert list(vocabulary) == ["<bos>", "<eos>", "x", "y"]
    assert vocabulary.ids["y"] == 3
    assert vocabulary == Vocabulary(["x", "y"]) != Vocabulary(["y", "x"])
    with pytest.raises(ValueError, match="twice"):
        Vocabulary(["x", "x"])


def test_example_document_weighs_everything_but_bos():
    example = Example.document([5, 6])
    assert example.ids.tolist() == [0, 5, 6, 1]
    assert example.weights.tolist() == [0, 1, 1, 1]
    assert Example.document([5], ends=False).ids.tolist() == [0, 5]


def test_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(UnknownName, match=r"did you mean 'half'\? there is: half"):
        Letters.Settings.from_mapping({"hafl": True})


def test_a_setting_that_cannot_be_says_why():
    with pytest.raises(InvalidValue, match="'half' cannot be 'perhaps'"):
        Letters.Settings.from_mapping({"half": "perhaps"})


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


@pytest.mark.parametrize("capability", [kind for kind in CAPABILITIES if kind not in (Prompting, Training)])
def test_a_missing_capability_is_one_sentence_from_one_place(capability):
    with pytest.raises(
        MissingCapability, match=r"^The domain 'letters' does not offer [a-z]+; 'seqgen domains letters'"
    ):
        Letters().require(capability)


def test_a_missing_method_of_a_capability_is_the_same_sentence():
    assert Letters().require(Training, "augment") is Letters.training
    with pytest.raises(
        MissingCapability, match=r"does not offer training\.auxiliary_targets; 'seqgen domains letters'"
    ):
        Letters().require(Training, "auxiliary_targets")


def test_a_domain_lists_what_it_offers():
    assert Letters().capabilities() == {"prompting": [], "training": ["augment"]}
    assert Training.method_names() == ["augment", "auxiliary_targets"]


def test_the_contract_is_small():
    core = [name for name, value in vars(Core).items() if callable(value) and name in CORE]
    assert core == list(CORE)
    for capability in CAPABILITIES:
        assert 1 <= len(capability.method_names()) <= 5, capability


class _DeadEnd(Letters):
    """A grammar in which "q" leads to a state without a way out."""

    def grammar(self, constraints=None):
        grammar = super().grammar()
        allowed, next_state = (np.pad(table, ((0, 1), (0, 0))) for table in (grammar.allowed, grammar.next_state))
        next_state[:, self.vocabulary.ids["q"]] = len(allowed) - 1
        return Grammar(allowed, next_state, grammar.start)


class _NoWayOut(Letters):
    def grammar(self, constraints=None):
        grammar = super().grammar()
        grammar.allowed[:, EOS] = False
        return grammar


def test_dead_ends_of_a_plugins_grammar_are_left_out_wherever_it_enters():
    q = _DeadEnd().vocabulary.ids["q"]
    for grammar in (_DeadEnd().checked_grammar(), _DeadEnd().checked_prompt().grammar):
        assert not grammar.allowed[:, q].any()
        assert grammar.accepts(np.array([0, 2, 3, EOS]))
    with pytest.raises(PluginError, match="grammar of the domain 'letters' accepts no document"):
        _NoWayOut().checked_grammar()

"""A domain offers capabilities, and one sentence names what it does not offer."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters

from seqgen import (
    EOS,
    Grammar,
    MissingCapability,
    PluginError,
    Prompting,
    Training,
)
from seqgen.contract.capabilities import CAPABILITIES


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
    assert Training.method_names() == [
        "augment", "auxiliary_targets", "registers", "conditions", "shown_conditions"
    ]  # fmt: skip


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

"""The core of a domain: six methods."""

from __future__ import annotations

import numpy as np
from complete_domain import Complete
from letters import Letters

from seqgen import Domain, Learned
from seqgen.contract.capabilities import CAPABILITIES
from seqgen.contract.core import Core

CORE = ("read", "learn", "encode", "decode", "write", "grammar")


def test_the_contract_is_small():
    core = [name for name, value in vars(Core).items() if callable(value) and name in CORE]
    assert core == list(CORE)
    for capability in CAPABILITIES:
        assert 1 <= len(capability.method_names()) <= 6, capability


def test_learning_always_gives_a_vocabulary_and_state():
    assert Letters().learned(()) == Learned(Letters().vocabulary)
    assert Complete().learned(["a"]).state == {"observed": ["a"]}


def test_a_domain_is_made_with_what_it_learned():
    learned = Complete().learned(["a", "b"])
    domain = Complete(Complete.Settings(case="lower"), learned.vocabulary, learned.state)
    assert (domain.vocabulary, domain.state) == (learned.vocabulary, learned.state)
    assert domain.settings.case == "lower"


def test_any_token_may_follow_any_other_by_default():
    class Plain(Letters):
        grammar = Domain.grammar

    assert Plain().grammar().accepts(np.array([0, 5, 5, 9, 1]))

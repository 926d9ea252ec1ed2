"""Grammars over symbols as grammars over tokens that stand for strings of them."""

from __future__ import annotations

import numpy as np
import pytest
from engine import toys

from grammar.languages import VOCABULARY, A, B, C, document, is_trim, language, random_grammars, same_tables, words
from seqgen import EmptyLanguage
from seqgen.grammar import Budget, compact, lift, sequences, with_budget


@pytest.mark.parametrize("seed", range(25))
def test_lift_accepts_tokens_that_spell_what_the_grammar_accepts(seed):
    (grammar,) = random_grammars(seed, 1)
    rng = np.random.default_rng(seed)
    spellings = [rng.integers(A, C + 1, rng.integers(1, 4)) for _ in range(rng.integers(1, 5))]
    tokens = range(2, 2 + len(spellings))

    def spelled(ids):
        return tuple(int(symbol) for token in ids for symbol in spellings[token - 2])

    expected = {ids for ids in words(3, tokens) if grammar.accepts(document(spelled(ids)))}
    try:
        lifted = lift(grammar, spellings)
    except EmptyLanguage:
        assert not expected
        return
    assert language(lifted, 3, tokens) == expected
    assert is_trim(lifted)
    assert same_tables(lifted, compact(lifted))
    for ids in expected:
        states = lifted.unroll(np.array([0, *ids, 1]))[:-1]
        within = grammar.unroll(np.array([0, *spelled(ids), 1]))
        ends = np.cumsum([0, *(len(spellings[token - 2]) for token in ids)])
        assert lifted.state_class[states].tolist() == grammar.state_class[within[ends]].tolist()


def test_blocks_of_states_make_no_difference(monkeypatch):
    (grammar,) = random_grammars(5, 1, max_states=12, density=0.8)
    spellings = [np.array([A]), np.array([B, C]), np.array([C])]
    whole = lift(grammar, spellings)
    monkeypatch.setattr("seqgen.grammar.lifting.BLOCK_SIZE", 2)
    assert same_tables(lift(grammar, spellings), whole)


def test_what_no_token_spells_is_an_error():
    with pytest.raises(EmptyLanguage):
        lift(sequences([[A, B]], VOCABULARY), [np.array([A]), np.array([C, B])])
    with pytest.raises(ValueError, match="budget"):
        lift(with_budget(toys.shifting(), Budget(toys.COST, 1, 2)), [np.array([A])])

"""Grammars from nothing accept what their docstrings say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from grammar.languages import VOCABULARY, A, B, C, even_as, is_trim, language, mask, no_bb, words
from seqgen import TooManyStates
from seqgen.grammar import EOS, TransitionTable, avoid, build_grammar, one_of, sequences, unconstrained


def test_build_grammar_accepts_what_the_function_says():
    assert language(even_as(), 6) == {letters for letters in words(6) if letters.count(A) % 2 == 0}
    assert language(no_bb(), 6) == {
        letters
        for letters in words(6)
        if (not letters or letters[-1] == C) and (B, B) not in itertools.pairwise(letters)
    }


def test_too_many_states_are_refused():
    with pytest.raises(TooManyStates, match="more than 50 states"):
        build_grammar(VOCABULARY, 0, lambda state: [(A, state + 1)], max_states=50)


def test_a_table_accepts_what_its_rules_say():
    """A number of A, then a number of B and C that is twice as large modulo 3."""
    table = TransitionTable(6, VOCABULARY)
    before, after = np.arange(3), 3 + np.arange(3)
    table.allow(before, A, (before[:, None] + 2) % 3)
    table.allow(before, [B, C], 3 + (before[:, None] + 2) % 3)
    table.copy(before, after)
    table.allow(after, A, 0, where=False)
    table.allowed[after, A] = False
    table.allow(np.array([0, 3]), EOS, 0)
    assert language(table.grammar(np.zeros(6, int))) == {
        (*(A,) * ones, *rest)
        for ones in range(6)
        for rest in words(5 - ones, (B, C))
        if (2 * (ones + len(rest))) % 3 == 0
    }
    only_some = TransitionTable(2, VOCABULARY)
    only_some.allow(0, [A, B, C], 1, where=np.array([True, False, True]))
    only_some.allow(1, EOS, 0)
    assert language(only_some.grammar(np.zeros(2, int))) == {(A,), (C,)}


def test_the_smallest_grammars():
    assert language(unconstrained(VOCABULARY)) == set(words(5))
    assert language(one_of(mask(A, C))) == {(A,), (C,)}
    assert one_of(mask(A), 7).state_class.tolist() == [7, 7]


@pytest.mark.parametrize("seed", range(20))
def test_sequences_accepts_those_alone(seed):
    rng = np.random.default_rng(seed)
    options = [tuple(rng.integers(A, C + 1, rng.integers(0, 5)).tolist()) for _ in range(rng.integers(1, 6))]
    grammar = sequences(options, VOCABULARY, 3)
    assert language(grammar) == set(options)
    assert is_trim(grammar)
    assert set(grammar.state_class.tolist()) == {3}


@pytest.mark.parametrize("seed", range(20))
def test_avoid_accepts_what_holds_none_of_the_sequences(seed):
    rng = np.random.default_rng(seed)
    forbidden = [tuple(rng.integers(A, C + 1, rng.integers(1, 4)).tolist()) for _ in range(rng.integers(1, 4))]
    grammar = avoid(forbidden, VOCABULARY)
    assert language(grammar) == {
        letters
        for letters in words(5)
        if not any(letters[n:][: len(part)] == part for part in forbidden for n in range(len(letters)))
    }

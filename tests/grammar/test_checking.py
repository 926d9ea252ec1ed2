"""What is said of a plugin's grammar before it is used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine import toys

from grammar.languages import A, B, is_trim, language, no_bb, random_grammars
from seqgen import PluginError
from seqgen.grammar import EOS, Budget, Grammar, build_grammar, checked, compact, with_budget

OWNER = "the domain 'toy'"


def test_a_dead_end_is_trimmed():
    """B leads to where only B may follow, for ever: a sample that takes it is no document."""
    moves = {0: [(A, 0), (B, 1), (EOS, 0)], 1: [(B, 1)]}
    grammar = build_grammar(5, 0, lambda state: moves[state])
    mended = checked(grammar, 5, OWNER)
    assert language(mended) == language(grammar)
    assert not mended.allowed[0, B]
    for seed in range(20):
        assert grammar.accepts(mended.walk(np.random.default_rng(seed)))


@pytest.mark.parametrize("seed", range(20))
def test_a_grammar_without_dead_ends_stays_as_it_is(seed):
    (grammar,) = random_grammars(seed, 1)
    assert checked(grammar, 5, OWNER) is grammar
    assert is_trim(compact(checked(grammar, 5, OWNER)))


def broken(**tables) -> Grammar:
    return replace(no_bb(), **tables)


@pytest.mark.parametrize(
    ("grammar", "sentence"),
    [
        (build_grammar(5, 0, lambda state: [(A, 0)]), "accepts no document: no way leads from its start to an end"),
        (toys.shifting(), "has 6 tokens, but the domain's vocabulary has 5"),
        (broken(start=9), "starts in state 9, and it has 4 states"),
        (broken(next_state=np.full((4, 5), 7)), "leads from state 0 by token 1 to state 7, and it has 4 states"),
        (broken(next_state=np.full((4, 5), -1)), "leads from state 0 by token 1 to state -1, and it has 4 states"),
        (broken(state_class=np.array([0, -3, 1, 2])), "has the state class -3, and classes are numbered from 0"),
        (broken(budget=Budget(np.zeros(3, int), 0, 1)), "has a budget for 3 tokens, and its vocabulary has 5"),
    ],
)
def test_a_grammar_that_cannot_be_used_is_one_sentence_for_the_author(grammar, sentence):
    with pytest.raises(PluginError) as caught:
        checked(grammar, 5, OWNER)
    assert str(caught.value) == f"The grammar of the domain 'toy' {sentence}; tell the plugin's author."


def test_a_budget_stays():
    grammar = with_budget(toys.shifting(), Budget(toys.COST, 1, 3))
    assert checked(grammar, 6, OWNER).budget is grammar.budget

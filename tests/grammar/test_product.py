"""The intersection of two languages."""

from __future__ import annotations

import numpy as np
import pytest
from engine import toys

from grammar.languages import classes, exactly, is_trim, language, no_bb, random_grammars, same_tables
from seqgen import EmptyLanguage, TooManyStates, UnreachableBudget
from seqgen.grammar import Budget, Grammar, intersect, unconstrained, with_budget


@pytest.mark.parametrize("seed", range(25))
def test_intersect_accepts_exactly_what_both_accept(seed):
    domain, constraint = random_grammars(seed, 2)
    expected = language(domain, 6) & language(constraint, 6)
    try:
        both = intersect(domain, constraint)
    except EmptyLanguage:
        assert not expected
        return
    assert language(both, 6) == expected
    assert is_trim(both)
    for letters in expected:
        assert classes(both, letters) == classes(domain, letters)


def test_blocks_of_states_make_no_difference(monkeypatch):
    domain, constraint = no_bb(), exactly(5)
    whole = intersect(domain, constraint)
    monkeypatch.setattr("seqgen.grammar.product.BLOCK_SIZE", 2)
    assert same_tables(intersect(domain, constraint), whole)
    assert language(intersect(domain, unconstrained(5))) == language(domain)


def test_what_cannot_be_satisfied_is_an_error():
    with pytest.raises(EmptyLanguage):
        intersect(exactly(2), exactly(3))
    with pytest.raises(TooManyStates, match="more than 50 states"):
        intersect(exactly(40), no_bb(), max_states=50)


def test_a_budget_stays_in_an_intersection():
    limits = with_budget(toys.shifting(), Budget(toys.COST, 4, 4))
    without_5 = Grammar(np.arange(6)[None] != 5, np.zeros((1, 6), np.int32), 0)
    random = np.random.default_rng(0)
    for both in (intersect(limits, without_5), intersect(without_5, limits)):
        for _ in range(50):
            ids = both.walk(random)
            assert toys.COST[ids].sum() == 4
            assert 5 not in ids
    with pytest.raises(ValueError, match="one budget"):
        intersect(limits, limits)


def test_a_budget_that_cannot_be_kept_any_more_is_an_error():
    only_2 = Grammar(np.arange(6)[None] != 2, np.zeros((1, 6), np.int32), 0)
    with pytest.raises(UnreachableBudget, match="step by step"):
        intersect(with_budget(toys.shifting(), Budget(toys.COST, 3, 3)), only_2)
    assert intersect(with_budget(toys.shifting(), Budget(toys.COST, 2, 3)), only_2).budget.slack == 1

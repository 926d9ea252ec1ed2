"""Counts in the states of an automaton, and costs in a budget beside them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from engine import toys

from grammar.languages import ALPHABET, C, classes, is_trim, language, mask, random_grammars, words
from seqgen import EmptyLanguage, TooManyStates, UnreachableBudget
from seqgen.grammar import BOS, EOS, Budget, build_grammar, count, count_in_segments, unconstrained, with_budget

BOUNDS = [(0, 0), (2, 2), (1, 3), (2, None), (0, None), (0, 2)]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("seed", range(5))
def test_count_accepts_documents_with_so_many_tokens(seed, bounds):
    (grammar,) = random_grammars(seed, 1, density=0.7)
    minimum, maximum = bounds
    tokens = np.random.default_rng(seed).random(5) < 0.5
    tokens[EOS] = False
    expected = {
        letters
        for letters in language(grammar)
        if minimum <= sum(bool(tokens[letter]) for letter in letters) <= (len(letters) if maximum is None else maximum)
    }
    try:
        counted = count(grammar, tokens, minimum, maximum)
    except EmptyLanguage:
        assert not expected
        return
    assert language(counted) == expected
    assert is_trim(counted)
    for letters in expected:
        assert classes(counted, letters) == classes(grammar, letters)


@pytest.mark.parametrize(("minimum", "maximum"), BOUNDS)
def test_a_count_begins_anew_in_every_segment(minimum, maximum):
    """C ends a segment, and the end of a document ends none."""
    (grammar,) = random_grammars(3, 1, max_states=3, density=0.9)
    ends = np.broadcast_to(mask(C), grammar.allowed.shape)
    for tokens in (mask(ALPHABET[0]), mask(*ALPHABET)):
        counted = count_in_segments(grammar, tokens, ends, minimum, maximum)

        def fits(letters):
            counts = [0]
            for letter in letters:
                counts[-1] += bool(tokens[letter])  # noqa: B023
                if letter == C:
                    counts.append(0)
            return min(counts[:-1], default=minimum) >= minimum and (maximum is None or max(counts) <= maximum)

        assert language(counted) == set(filter(fits, language(grammar)))


def test_a_minimum_may_depend_on_the_state_that_a_segment_ends_in():
    """Two states take turns. A segment that ends in the first needs no B, one that ends in the second needs one."""
    turns = build_grammar(5, 0, lambda state: [(EOS, state), *((token, 1 - state) for token in ALPHABET)])
    ends = np.broadcast_to(mask(C), turns.allowed.shape)
    counted = count_in_segments(turns, mask(3), ends, np.array([0, 1]))

    def fits(letters):
        begins = 0
        for place, letter in enumerate(letters):
            if letter == C:
                if place % 2 and 3 not in letters[begins:place]:
                    return False
                begins = place + 1
        return True

    assert language(counted) == set(filter(fits, words(5)))


def test_a_count_that_needs_too_many_states_is_refused():
    with pytest.raises(TooManyStates, match="Counting to 99 needs 100 states, and 50 are the most"):
        count(unconstrained(5), mask(C), 99, 99, max_states=50)


@pytest.mark.parametrize(("minimum", "maximum"), [(0, 0), (3, 3), (4, 5), (0, 4)])
def test_a_budget_accepts_what_an_automaton_that_counts_accepts(minimum, maximum):
    budget = Budget(toys.COST, minimum, maximum)
    limits, counts = with_budget(toys.shifting(), budget), toys.shifting_within(budget)
    for length in range(7):
        for tokens in itertools.product(range(2, 6), repeat=length):
            ids = np.array([BOS, *tokens, EOS], np.int32)
            assert limits.accepts(ids) == counts.accepts(ids)
            within = minimum <= toys.COST[ids].sum() <= maximum
            assert limits.accepts(ids) == (toys.shifting().accepts(ids) and within)
    random = np.random.default_rng(0)
    for _ in range(100):
        ids = limits.walk(random)
        assert counts.accepts(ids)
        assert counts.accepts(limits.walk(random, prompt=ids[:2]))


def test_counting_keeps_a_budget():
    limits = count(with_budget(toys.shifting(), Budget(toys.COST, 4, 4)), mask(5, vocabulary=6), 0, 1)
    for seed in range(50):
        ids = limits.walk(np.random.default_rng(seed))
        assert toys.COST[ids].sum() == 4
        assert (ids == 5).sum() <= 1


def test_a_budget_that_cannot_be_kept_step_by_step_is_an_error():
    dear = np.where(np.arange(6) == 4, 1, toys.COST)
    after_3 = {True: [(4, False)], False: [(3, True), (EOS, False)]}
    with pytest.raises(UnreachableBudget, match="step by step"):
        with_budget(build_grammar(6, True, lambda state: after_3[state]), Budget(dear, 0, 8))

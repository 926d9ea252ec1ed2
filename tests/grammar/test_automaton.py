"""Token automata, checked against enumeration over a small alphabet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from engine import toys

from seqgen import EmptyLanguage, TooManyStates, UnreachableBudget
from seqgen.grammar import BOS, EOS, Budget, Grammar, build_grammar, intersect, trim, unconstrained, with_budget

A, B, C = 2, 3, 4
ALPHABET = (A, B, C)


def documents(longest: int) -> list[np.ndarray]:
    """Every sequence of up to `longest` letters as a whole document."""
    return [
        np.array([BOS, *letters, EOS], np.int32)
        for length in range(longest + 1)
        for letters in itertools.product(ALPHABET, repeat=length)
    ]


def even_as() -> Grammar:
    """An even number of A."""

    def moves(odd):
        if not odd:
            yield EOS, odd
        for token in ALPHABET:
            yield token, odd ^ (token == A)

    return build_grammar(5, 0, moves)


def no_bb() -> Grammar:
    """Never B after B; ends after C or at once."""

    def moves(last):
        if last in (None, C):
            yield EOS, last
        for token in ALPHABET:
            if not (last == B and token == B):
                yield token, token

    return build_grammar(5, None, moves)


def exactly(length: int) -> Grammar:
    """Exactly so many letters."""

    def moves(done):
        if done == length:
            yield EOS, done
        else:
            for token in ALPHABET:
                yield token, done + 1

    return build_grammar(5, 0, moves)


def test_build_accepts_what_the_function_says():
    for ids in documents(6):
        letters = ids[1:-1].tolist()
        assert even_as().accepts(ids) == (letters.count(A) % 2 == 0)
        ends_well = not letters or letters[-1] == C
        assert no_bb().accepts(ids) == (ends_well and (B, B) not in itertools.pairwise(letters))


@pytest.mark.parametrize(("one", "other"), [(even_as(), no_bb()), (no_bb(), exactly(4)), (even_as(), unconstrained(5))])
def test_intersect_accepts_exactly_what_both_accept(one, other):
    both = intersect(one, other)
    for ids in documents(6):
        assert both.accepts(ids) == (one.accepts(ids) and other.accepts(ids))


def test_intersect_keeps_the_classes_of_the_domain():
    domain = no_bb()
    both = intersect(domain, exactly(3))
    ids = np.array([BOS, A, B, C, EOS], np.int32)
    np.testing.assert_array_equal(both.state_class[both.unroll(ids)], domain.state_class[domain.unroll(ids)])


def test_trimmed_grammars_never_run_into_a_wall():
    both = intersect(no_bb(), exactly(5))
    rng = np.random.default_rng(0)
    for _ in range(200):
        ids = both.walk(rng)
        assert len(ids) == 7
        assert no_bb().accepts(ids)


def test_trim_forbids_every_step_into_a_dead_end():
    moves = {0: [(A, 1), (B, 2)], 1: [(EOS, 1)], 2: [(B, 2)]}
    grammar = trim(build_grammar(5, 0, lambda state: moves[state]))
    assert grammar.allowed[0].tolist() == [False, False, True, False, False]


def test_what_cannot_be_satisfied_is_an_error():
    with pytest.raises(EmptyLanguage):
        intersect(exactly(2), exactly(3))
    with pytest.raises(EmptyLanguage):
        trim(build_grammar(5, 0, lambda state: [(A, 0)]))


def test_too_many_states_is_an_error():
    with pytest.raises(TooManyStates, match="more than 50 states"):
        build_grammar(5, 0, lambda state: [(A, state + 1)], max_states=50)
    with pytest.raises(TooManyStates, match="more than 50 states"):
        intersect(exactly(40), no_bb(), max_states=50)


@pytest.mark.parametrize("grammar", [unconstrained(5), even_as()])
def test_unroll_names_the_first_forbidden_token(grammar):
    assert grammar.unroll(np.array([BOS, A, A, EOS], np.int32)).shape == (4,)
    with pytest.raises(ValueError, match="token 0 at position 2"):
        grammar.unroll(np.array([BOS, A, BOS, A, BOS], np.int32))


def test_bos_leads_to_the_start_from_everywhere():
    for grammar in (even_as(), no_bb(), exactly(3)):
        assert (grammar.next_state[:, BOS] == grammar.start).all()
        assert not grammar.allowed[:, BOS].any()


def test_a_walk_begins_with_its_prompt():
    rng, prompt = np.random.default_rng(0), np.array([BOS, A, B], np.int32)
    for _ in range(50):
        ids = even_as().walk(rng, prompt=prompt)
        assert ids[:3].tolist() == prompt.tolist()
        assert even_as().accepts(ids)
    assert even_as().walk(rng, 5, prompt).size <= 5
    with pytest.raises(ValueError, match="not allowed"):
        no_bb().walk(rng, prompt=np.array([BOS, B, B], np.int32))


def test_equal_values_share_a_state_class():
    grammar = build_grammar(
        5, 0, lambda state: [(A, (state + 1) % 6), (EOS, state)], state_class=lambda state: state % 2
    )
    assert (grammar.state_count, grammar.class_count) == (6, 2)
    ids = np.array([BOS, A, A, A], np.int32)
    assert grammar.state_class[grammar.unroll(ids)].tolist() == [0, 1, 0, 1]


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="next_state"):
        Grammar(np.ones((2, 3), bool), np.zeros((1, 3), np.int32), 0)
    with pytest.raises(ValueError, match="state_class"):
        Grammar(np.ones((2, 3), bool), np.zeros((2, 3), np.int32), 0, np.zeros(5, np.int32))


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


def test_a_budget_that_runs_into_a_wall_is_an_error():
    only_2 = Grammar(np.arange(6)[None] != 2, np.zeros((1, 6), np.int32), 0)
    with pytest.raises(UnreachableBudget, match="step by step"):
        intersect(with_budget(toys.shifting(), Budget(toys.COST, 3, 3)), only_2)
    assert intersect(with_budget(toys.shifting(), Budget(toys.COST, 2, 3)), only_2).budget.slack == 1
    dear = np.where(np.arange(6) == 4, 1, toys.COST)
    after_3 = {True: [(4, False)], False: [(3, True), (EOS, False)]}
    with pytest.raises(UnreachableBudget, match="step by step"):
        with_budget(build_grammar(6, True, lambda state: after_3[state]), Budget(dear, 0, 8))
    for wrong in ({"maximum": -1}, {"maximum": 3, "end_token": 3}):
        with pytest.raises(ValueError, match="not below 0"):
            Budget(toys.COST, 0, **wrong)

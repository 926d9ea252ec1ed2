"""States that can be reached and left, and grammars without all others."""

from __future__ import annotations

import numpy as np
import pytest

from grammar.languages import A, B, classes, exactly, is_trim, language, no_bb
from seqgen import EmptyLanguage
from seqgen.grammar import EOS, Grammar, build_grammar, co_reachable, compact, intersect, reachable, trim


@pytest.mark.parametrize("seed", range(30))
def test_reachable_and_co_reachable_by_powers_of_the_transition_matrix(seed):
    rng = np.random.default_rng(seed)
    states = int(rng.integers(1, 8))
    allowed, next_state = rng.random((states, 4)) < 0.3, rng.integers(0, states, (states, 4))
    steps = np.eye(states, dtype=bool)
    np.logical_or.at(steps, (np.nonzero(allowed)[0], next_state[allowed]), True)
    paths = np.linalg.matrix_power(steps.astype(int), states) > 0
    start, goals = int(rng.integers(states)), rng.random(states) < 0.3
    assert reachable(allowed, next_state, start).tolist() == paths[start].tolist()
    assert co_reachable(goals, allowed, next_state).tolist() == (paths & goals).any(1).tolist()


def untrimmed(seed: int) -> Grammar:
    rng = np.random.default_rng(seed)
    states = int(rng.integers(1, 6))
    tables = rng.random((states, 5)) < 0.4, rng.integers(0, states, (states, 5))
    return Grammar(*tables, int(rng.integers(states)), rng.integers(0, 3, states))


@pytest.mark.parametrize("seed", range(30))
def test_trim_and_compact_change_no_language(seed):
    grammar = untrimmed(seed)
    expected = language(grammar)
    assert language(compact(grammar)) == expected
    try:
        trimmed = trim(grammar)
    except EmptyLanguage:
        assert not language(grammar, 8)
        return
    assert language(trimmed) == expected
    assert is_trim(compact(trimmed))
    for letters in expected:
        assert classes(compact(trimmed), letters) == classes(grammar, letters)
        assert trimmed.unroll(np.array([0, *letters])).tolist() == grammar.unroll(np.array([0, *letters])).tolist()


def test_trim_forbids_every_step_into_a_dead_end():
    moves = {0: [(A, 1), (B, 2)], 1: [(EOS, 1)], 2: [(B, 2)]}
    grammar = trim(build_grammar(5, 0, lambda state: moves[state]))
    assert grammar.allowed[0].tolist() == [False, False, True, False, False]
    with pytest.raises(EmptyLanguage):
        trim(build_grammar(5, 0, lambda state: [(A, 0)]))


def test_trimmed_grammars_never_run_into_a_wall():
    both = intersect(no_bb(), exactly(5))
    rng = np.random.default_rng(0)
    for _ in range(200):
        ids = both.walk(rng)
        assert len(ids) == 7
        assert no_bb().accepts(ids)


def test_compact_keeps_the_order_of_states_and_gives_a_compact_grammar_back():
    grammar = no_bb()
    assert compact(grammar) is grammar
    padded = Grammar(*(np.pad(table, ((2, 1), (0, 0))) for table in (grammar.allowed, grammar.next_state + 2)), 2)
    assert compact(padded).state_class.tolist() == [2, 3, 4, 5]
    assert language(compact(padded)) == language(grammar)

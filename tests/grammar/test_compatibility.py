"""Which changes of a grammar a trained model outlives."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from grammar.languages import A, B, C, classes, language, no_bb, random_grammar, words
from seqgen.grammar import BOS, EOS, Grammar, class_examples, keeps_classes


def grammar_of(seed: int) -> Grammar:
    return random_grammar(np.random.default_rng(seed), max_states=6)


def renumbered(grammar: Grammar, rng: np.random.Generator) -> Grammar:
    """The same automaton with its states in another order."""
    number = rng.permutation(grammar.state_count)
    order = np.argsort(number)
    return Grammar(
        grammar.allowed[order], number[grammar.next_state[order]], number[grammar.start], grammar.state_class[order]
    )


def extended(grammar: Grammar, rng: np.random.Generator) -> Grammar:
    """The same documents in the same classes, and more: a new state, and transitions where none were."""
    states = grammar.state_count
    allowed = np.concatenate([grammar.allowed, np.ones((1, 5), bool)])
    next_state = np.concatenate([grammar.next_state, rng.integers(0, states + 1, (1, 5))])
    more = ~allowed & (rng.random(allowed.shape) < 0.5)
    next_state[more] = rng.integers(0, states + 1, int(more.sum()))
    return Grammar(allowed | more, next_state, grammar.start, np.append(grammar.state_class, 0))


@pytest.mark.parametrize("seed", range(15))
def test_a_grammar_that_keeps_the_classes_of_all_old_documents_fits(seed):
    rng, grammar = np.random.default_rng(seed), grammar_of(seed)
    examples = json.loads(json.dumps(class_examples(grammar)))
    more = extended(grammar, rng)
    assert all(classes(more, letters) == classes(grammar, letters) for letters in language(grammar))
    for same in (grammar, renumbered(grammar, rng), more, renumbered(more, rng)):
        assert keeps_classes(same, examples)


@pytest.mark.parametrize("seed", range(15))
def test_other_numbers_of_classes_do_not_fit(seed):
    rng, grammar = np.random.default_rng(seed), grammar_of(seed)
    examples = class_examples(grammar)
    numbers = rng.permutation(grammar.class_count)
    other = replace(grammar, state_class=numbers[grammar.state_class])
    used = np.unique(grammar.state_class)
    assert keeps_classes(other, examples) == bool((numbers[used] == used).all())


@pytest.mark.parametrize("seed", range(15))
def test_examples_are_the_shortest_beginnings_for_each_class(seed):
    grammar = grammar_of(seed)
    shortest: dict[int, tuple[int, ...]] = {}
    for letters in words(5):
        try:
            state = grammar.unroll(np.array([BOS, *letters]))[-1]
        except ValueError:
            continue
        shortest.setdefault(int(grammar.state_class[state]), letters)
    beginnings: list[tuple[int, ...]] = []
    told: dict[int, tuple[int, ...]] = {}
    for number, (before, token, state_class) in enumerate(class_examples(grammar)):
        beginnings.append((*beginnings[before], token) if number else ())
        told.setdefault(state_class, beginnings[-1])
    assert told == shortest


def test_how_states_are_numbered_makes_no_difference():
    grammar = no_bb()
    for seed in range(5):
        assert class_examples(renumbered(grammar, np.random.default_rng(seed))) == class_examples(grammar)


def test_examples_never_end_in_a_dead_end():
    """So a grammar that was trained with untrimmed still fits when it is trimmed."""
    allowed = np.zeros((2, 5), bool)
    allowed[0, [EOS, B]] = allowed[1, C] = True
    grammar = Grammar(allowed, np.ones((2, 5), int), 0)
    assert class_examples(grammar) == [[0, BOS, 0]]


def test_a_state_that_old_documents_come_to_no_more_does_not_fit():
    grammar = no_bb()
    allowed = grammar.allowed.copy()
    allowed[grammar.unroll(np.array([BOS]))[0], A] = False
    assert not keeps_classes(replace(grammar, allowed=allowed), class_examples(grammar))


@pytest.mark.parametrize(
    "rows",
    [[], [[]], [["a", 0, 0]], [[0, 0]], [[0, 0, 0], [5, A, 1]], [[0, 0, 0], [0, 99, 1]], [[0, 0, 0], [0, -1, 1]]],
)
def test_rows_that_are_no_examples_fit_nothing(rows):
    assert not keeps_classes(no_bb(), rows)

"""Small languages for the tests of the grammar package: enumerated, random, and written by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np

from seqgen.errors import EmptyLanguage
from seqgen.grammar import BOS, EOS, Grammar, build_grammar, co_reachable, compact, reachable, trim

A, B, C = ALPHABET = (2, 3, 4)
VOCABULARY = 5
Letters = tuple[int, ...]


def words(max_length: int, alphabet: Iterable[int] = ALPHABET) -> Iterator[Letters]:
    """Every sequence of up to `max_length` letters."""
    for length in range(max_length + 1):
        yield from itertools.product(tuple(alphabet), repeat=length)


def document(letters: Iterable[int]) -> np.ndarray:
    return np.array([BOS, *letters, EOS], np.int32)


def language(grammar: Grammar, max_length: int = 5, alphabet: Iterable[int] = ALPHABET) -> set[Letters]:
    """All that a grammar accepts of up to `max_length` letters, found by asking it about every sequence."""
    return {letters for letters in words(max_length, alphabet) if grammar.accepts(document(letters))}


def classes(grammar: Grammar, letters: Iterable[int]) -> list[int]:
    """The class of the state before each letter and before the end."""
    return grammar.state_class[grammar.unroll(document(letters))][:-1].tolist()


def mask(*tokens: int, vocabulary: int = VOCABULARY) -> np.ndarray:
    """bool[vocabulary]: a set of tokens."""
    return np.isin(np.arange(vocabulary), tokens)


def random_grammar(rng: np.random.Generator, max_states: int = 4, density: float = 0.5) -> Grammar:
    """A random trimmed automaton over A, B and C that accepts something."""
    while True:
        states = int(rng.integers(1, max_states + 1))
        allowed = rng.random((states, VOCABULARY)) < density
        next_state = rng.integers(0, states, (states, VOCABULARY))
        grammar = Grammar(allowed, next_state, int(rng.integers(states)), rng.integers(0, 3, states))
        try:
            return compact(trim(grammar))
        except EmptyLanguage:
            continue


def random_grammars(seed: int, count: int, **options) -> list[Grammar]:
    rng = np.random.default_rng(seed)
    return [random_grammar(rng, **options) for _ in range(count)]


def same_tables(one: Grammar, other: Grammar) -> bool:
    tables = ("allowed", "next_state", "state_class")
    return one.start == other.start and all(np.array_equal(getattr(one, x), getattr(other, x)) for x in tables)


def is_trim(grammar: Grammar) -> bool:
    """Whether every state can be reached, and a document can be completed from every state."""
    tables = grammar.allowed & ~mask(EOS, vocabulary=grammar.vocabulary_size), grammar.next_state
    return bool(reachable(*tables, grammar.start).all() and co_reachable(grammar.allowed[:, EOS], *tables).all())


def even_as() -> Grammar:
    """An even number of A."""

    def moves(odd: bool) -> Iterator[tuple[int, bool]]:
        if not odd:
            yield EOS, odd
        for token in ALPHABET:
            yield token, odd ^ (token == A)

    return build_grammar(VOCABULARY, False, moves)


def no_bb() -> Grammar:
    """Never B after B; ends after C or at once."""

    def moves(last: int | None) -> Iterator[tuple[int, int | None]]:
        if last in (None, C):
            yield EOS, last
        for token in ALPHABET:
            if not (last == B and token == B):
                yield token, token

    return build_grammar(VOCABULARY, None, moves)


def exactly(length: int) -> Grammar:
    """Exactly so many letters."""

    def moves(done: int) -> Iterator[tuple[int, int]]:
        if done == length:
            yield EOS, done
        else:
            for token in ALPHABET:
                yield token, done + 1

    return build_grammar(VOCABULARY, 0, moves)

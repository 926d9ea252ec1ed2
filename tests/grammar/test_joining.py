"""Union, concatenation and repetition, against all sequences that are put together by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from engine import toys

from grammar.languages import (
    ALPHABET,
    VOCABULARY,
    A,
    B,
    C,
    classes,
    exactly,
    is_trim,
    language,
    mask,
    random_grammars,
)
from seqgen import TooManyStates
from seqgen.grammar import (
    Budget,
    Part,
    concatenate,
    join,
    one_of,
    optional,
    prepend,
    repeat,
    sequences,
    union,
    with_budget,
)

LONGEST = 5


def joined(*languages):
    """All sequences up to LONGEST that are one of each language, one after the other."""
    found = {()}
    for language_of_part in languages:
        pairs = itertools.product(found, language_of_part)
        found = {first + second for first, second in pairs if len(first) + len(second) <= LONGEST}
    return found


def repeated(once, minimum, maximum):
    found, power = set(), {()}
    for times in range((LONGEST + minimum if maximum is None else maximum) + 1):
        found |= power if times >= minimum else set()
        power = joined(power, once)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_union_accepts_what_one_of_them_accepts(seed):
    grammars = random_grammars(seed, 1 + seed % 3)
    either = union(*grammars)
    assert language(either) == set().union(*map(language, grammars))
    assert is_trim(either)


@pytest.mark.parametrize("seed", range(30))
def test_concatenate_accepts_one_after_the_other(seed):
    grammars = random_grammars(seed, 1 + seed % 4, density=0.4)
    chain = concatenate(*grammars)
    assert language(chain) == joined(*map(language, grammars))
    assert is_trim(chain)


@pytest.mark.parametrize("bounds", [(0, None), (1, None), (2, None), (0, 1), (0, 3), (1, 2), (2, 2), (3, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_repeat_accepts_so_many_one_after_the_other(seed, bounds):
    (grammar,) = random_grammars(seed, 1, max_states=3, density=0.4)
    many = repeat(grammar, *bounds)
    assert language(many) == repeated(language(grammar), *bounds)
    assert is_trim(many)


@pytest.mark.parametrize("seed", range(20))
def test_optional_also_accepts_nothing(seed):
    (grammar,) = random_grammars(seed, 1)
    assert language(optional(grammar)) == language(grammar) | {()}


@pytest.mark.parametrize("seed", range(20))
def test_prepend_accepts_what_begins_with_the_ids(seed):
    (grammar,) = random_grammars(seed, 1)
    ids = np.random.default_rng(seed).integers(A, C + 1, seed % 4)
    begun = prepend(ids, grammar)
    assert language(begun) == joined({tuple(ids.tolist())}, language(grammar))
    for letters in language(grammar, 4):
        start = int(grammar.state_class[grammar.start])
        assert classes(begun, (*ids, *letters)) == [start] * len(ids) + classes(grammar, letters)


def test_a_state_has_the_class_of_the_part_that_begins():
    first, second = one_of(mask(A), 1), repeat(one_of(mask(A, B), 2), 1)
    assert classes(concatenate(first, second), (A, B, A)) == [1, 2, 2, 2]
    third = one_of(mask(A, B), 3)
    assert classes(concatenate(optional(first), third), (A, B)) == [3, 3, 3]
    assert classes(union(first, concatenate(one_of(mask(A), 4), third)), (A, A)) == [4, 3, 3]
    assert classes(union(concatenate(first, third), one_of(mask(B), 5)), (A, A)) == [5, 3, 3]


@pytest.mark.parametrize("seed", range(20))
def test_parts_that_their_first_tokens_tell_apart_keep_their_classes(seed):
    one, other = random_grammars(seed, 2)
    whole = union(*(prepend([first], part) for first, part in ((A, one), (B, other))))
    for first, part in ((A, one), (B, other)):
        for letters in language(part, 4):
            assert classes(whole, (first, *letters))[1:] == classes(part, letters)


@pytest.mark.parametrize("seed", range(20))
def test_join_accepts_what_its_parts_say(seed):
    """One of two beginnings, each followed by the same middle, which may be left out or be the end."""
    one, other, middle, end = random_grammars(seed, 4, max_states=3, density=0.4)
    parts = [Part(one, [2, 3]), Part(other, [2, 3]), Part(middle, [3], may_be_last=True), Part(end, may_be_last=True)]
    begun = language(one) | language(other)
    middles = joined(begun, language(middle))
    assert language(join(parts, [0, 1])) == joined(begun | middles, language(end)) | middles


def test_ambiguous_parts_are_exact():
    """Some letters, then A, some letters, and B: where each of them ends can be seen only later."""
    some = repeat(one_of(mask(*ALPHABET)))
    grammar = concatenate(some, one_of(mask(A)), some, one_of(mask(B)))
    assert language(grammar, 6) == {
        letters for letters in language(some, 6) if letters and letters[-1] == B and A in letters[:-1]
    }


def test_long_chains_of_parts_are_joined_at_once():
    ids = np.random.default_rng(0).integers(A, C + 1, 3000)
    chain = concatenate(*(one_of(mask(token)) for token in ids), optional(sequences([[A, B]], VOCABULARY)))
    assert chain.state_count == 3003
    assert chain.accepts(np.array([0, *ids, A, B, 1]))
    assert not chain.accepts(np.array([0, *ids, A, 1]))


def test_what_cannot_be_joined_is_refused():
    with pytest.raises(TooManyStates, match="more than 500 states"):
        concatenate(repeat(one_of(mask(*ALPHABET))), one_of(mask(A)), exactly(12), max_states=500)
    with pytest.raises(TooManyStates, match="more than 50 states"):
        repeat(exactly(1), 100, max_states=50)
    for bounds in ((-1, 2), (2, 1), (0, 0)):
        with pytest.raises(ValueError, match="cannot be repeated"):
            repeat(exactly(1), *bounds)
    with pytest.raises(ValueError, match="budget"):
        optional(with_budget(toys.shifting(), Budget(toys.COST, 1, 2)))

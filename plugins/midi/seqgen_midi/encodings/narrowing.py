"""Narrows the grammar of an encoding to allowed tokens, a number of bars, and a number of notes in each bar."""

from __future__ import annotations

import numpy as np

from seqgen import EOS, Grammar, TooManyStates
from seqgen.grammar import count, count_in_segments, restrict, trim
from seqgen_midi.encodings.tokens import Role, TokenTable

COMFORTABLE_STATES = 20_000
"""Uncommon meters are left out of a grammar until it has no more states than this."""
MAX_STATES = 60_000
"""The states of a grammar that counts bars: with more, its tables would take gigabytes."""
MAX_CELLS = 30_000_000
"""States times tokens of a grammar that counts the notes of a bar: 150 MB of tables."""


def narrow(
    grammar: Grammar,
    table: TokenTable,
    allowed: np.ndarray,
    bars: int | None = None,
    density: tuple[int, int] | None = None,
    keep_meters: bool = False,
) -> Grammar:
    """Returns the documents of a grammar in which a token begins each bar; see `Encoding.narrow`."""
    is_bar = table.of_role(Role.BAR)
    narrowed = grammar if allowed[EOS + 1 :].all() else restrict(grammar, ~allowed)
    if bars is None and density is None:
        return narrowed
    copies = (1 if bars is None else bars + 1) * (1 if density is None else density[1] + 1)
    meters = np.flatnonzero(is_bar & narrowed.allowed.any(axis=0))
    while not keep_meters and len(meters) > 1 and narrowed.state_count * copies > COMFORTABLE_STATES:
        half = len(meters) // 2
        allowed = allowed.copy()
        allowed[meters[half:]] = False
        meters = meters[:half]
        narrowed = restrict(grammar, ~allowed)
    if density is not None:
        ends_bar = np.zeros(narrowed.allowed.shape, bool)
        ends_bar[:, is_bar | (np.arange(len(is_bar)) == EOS)] = True
        ends_bar[narrowed.start] = False
        narrowed = count_notes(narrowed, table.of_role(Role.NOTE), ends_bar, *density)
    return narrowed if bars is None else count_bars(narrowed, is_bar, bars)


def require_last(grammar: Grammar, tokens: np.ndarray, accepted: np.ndarray) -> Grammar:
    """Returns the documents whose last of the transitions `tokens` is one of `accepted`, both bool[V] or bool[S, V].

    Raises EmptyLanguage where there are none. The grammar has twice as many states.
    """
    size = grammar.state_count
    allowed, following = grammar.allowed, grammar.next_state
    is_met = np.stack([np.zeros(allowed.shape, bool), np.ones(allowed.shape, bool)])
    is_met = np.where(tokens, accepted, is_met)
    doubled = np.tile(allowed, (2, 1, 1))
    doubled[0, :, EOS] = False
    next_state = np.where(doubled, following + size * is_met, 0).astype(np.int32)
    state_class = np.tile(grammar.state_class, 2)
    shape = (2 * size, allowed.shape[1])
    return trim(Grammar(doubled.reshape(shape), next_state.reshape(shape), grammar.start, state_class))


def count_bars(grammar: Grammar, bars: np.ndarray, number: int) -> Grammar:
    """Returns the documents with exactly `number` of the tokens `bars` bool[V]. Raises ImpossibleConstraints."""
    try:
        return count(grammar, bars, number, number, max_states=MAX_STATES)
    except TooManyStates as error:
        raise TooManyStates(
            f"{number} bars need an automaton of {grammar.state_count * (number + 1)} states, and {MAX_STATES} are the "
            "most; ask for fewer bars or for one time signature."
        ) from error


def count_notes(
    grammar: Grammar, notes: np.ndarray, ends_bar: np.ndarray, minimum: np.ndarray | int, maximum: int
) -> Grammar:
    """Returns the documents with `minimum` to `maximum` of the tokens `notes` bool[V] in every bar.

    ends_bar: bool[states, V]; the tokens that end a bar, to which they still belong
    minimum:  one for all bars, or int[states] by the state in which a bar ends

    A bar that no such token ends has no minimum. Raises ImpossibleConstraints.
    """
    try:
        max_states = MAX_CELLS // grammar.vocabulary_size
        return count_in_segments(grammar, notes, ends_bar, minimum, maximum, max_states=max_states)
    except TooManyStates as error:
        raise TooManyStates(
            f"Counting up to {maximum} notes in every bar needs an automaton of {grammar.state_count * (maximum + 1)} "
            "states, which is too large; ask for fewer bars, for fewer notes or for one time signature."
        ) from error

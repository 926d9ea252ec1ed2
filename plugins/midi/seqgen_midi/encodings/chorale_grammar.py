"""The tokens of chorales, and their automaton for any choice of meters, bars and pitches.

A state is a meter, a bar, a 16th of that bar, the voice whose turn it is, and the set of voices that sound. All bars of
a meter share one table, so the table is made once and repeated. That builds the automaton of 64 bars in a fraction of a
second, where a product state by state takes minutes.

The automaton has no dead ends as long as every voice has a pitch, because a voice can always begin a note. Only the
last column of a fixed number of bars could fall silent, and the last step into silence is forbidden. So it needs no
trimming, unless it has to end with a triad.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from seqgen import EOS, Grammar
from seqgen.grammar import trim
from seqgen_midi.encodings.chorale_ending import HOLD_SYMBOL, OTHER_SYMBOL, Triads, with_ending
from seqgen_midi.encodings.narrowing import count_notes
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable
from seqgen_midi.music.meters import bar_quarters
from seqgen_midi.music.voices import VOICES

METERS = ("4/4", "3/4", "3/2", "2/4", "6/8", "2/2", "12/8", "6/4")
"""The commonest meter first: where not all of them fit into a grammar, the first ones are kept."""
BAR_COLUMNS = {name: int(4 * bar_quarters(name)) for name in METERS}
"""16ths in a bar."""
LOWEST, HIGHEST = min(voice.lowest for voice in VOICES), max(voice.highest for voice in VOICES)
TABLE = TokenTable(
    meter=Kind(Role.METER, METERS),
    pickup=Kind(Role.DOCUMENT, range(max(BAR_COLUMNS.values()))),
    rest=Kind(Role.REST),
    hold=Kind(Role.MODIFIER),
    pitch=Kind(Role.NOTE, range(LOWEST, HIGHEST + 1)),
)
FIRST_METER, FIRST_PICKUP, REST, HOLD, FIRST_PITCH = (TABLE.first(kind) for kind in TABLE.kinds)
ALL_PITCHES = np.array([[voice.lowest <= pitch <= voice.highest for pitch in range(128)] for voice in VOICES])
"""The MIDI pitches in the range of each voice: bool[4, 128]."""

SYMBOLS = np.full(len(TABLE.vocabulary), OTHER_SYMBOL)
"""The symbols of the tokens for `chorale_ending`."""
SYMBOLS[HOLD] = HOLD_SYMBOL
SYMBOLS[TABLE.ids("pitch")] = TABLE.numbers("pitch") % 12
COMPOUND_METERS = ("6/8", "12/8")
BEAT_COLUMNS = {name: 6 if name in COMPOUND_METERS else 4 for name in METERS}

SOUNDING_SETS = 2 ** len(VOICES)
STATES_PER_COLUMN = len(VOICES) * SOUNDING_SETS
"""States in one 16th of one bar."""
MAX_STATES = 120_000
"""The commonest meters that need no more are kept where bars or notes are counted: 60 MB, half a second."""
UNCOUNTED_BARS = 3
"""Bars of a meter in an automaton that does not count them: the pickup, the first full bar, and one that repeats."""

FIRST_COLUMN = dict(zip(METERS, np.cumsum([0, *BAR_COLUMNS.values()]).tolist(), strict=False))
"""The first column of each meter when the columns of all meters are numbered through."""
AFTER_METER_CLASS = sum(BAR_COLUMNS.values()) * len(VOICES)
START_CLASS = AFTER_METER_CLASS + len(METERS)
"""Every grammar has a start, so as the highest class it gives all of them the same number of classes."""


@lru_cache(maxsize=1)
def full_grammar() -> Grammar:
    """Returns the grammar that models are trained with.

    It allows any meter, any pickup, and one full bar or more, but no silence at the end.
    """
    return chorale_grammar(METERS, ALL_PITCHES)


def meters_that_fit(meters: Sequence[str], bars: int | None, density: tuple[int, int] | None) -> list[str]:
    """Returns the first of `meters` that together have at most MAX_STATES states, but at least one meter."""
    copies = (bars or UNCOUNTED_BARS) * (1 if density is None else density[1] + 1)
    states = np.cumsum([BAR_COLUMNS[name] * STATES_PER_COLUMN * copies for name in meters])
    return list(meters[: max(1, int((states <= MAX_STATES).sum()))])


def chorale_grammar(
    meters: Sequence[str],
    pitches: np.ndarray,
    bars: int | None = None,
    pickups: Sequence[int] | None = None,
    density: tuple[int, int] | None = None,
    final_triads: Triads | None = None,
) -> Grammar:
    """Returns the automaton of documents in one of `meters`. Raises ImpossibleConstraints when there are none.

    pitches: bool[4, 128]; the MIDI pitches that each voice may sing, at least one for each
    bars:    exactly so many full bars after the pickup; None: at least one
    pickups: the lengths of pickup allowed, in 16ths; None: any that is shorter than a bar
    density: the minimum and maximum number of notes that begin in a full bar; a pickup and a bar that is cut short have
             no minimum
    final_triads: root, third and fifth of each chord that may be the last one, see `chorale_ending`; None: any end
    """
    header = 1 + len(meters)
    first_state = header
    start_allowed = np.zeros((header, len(TABLE.vocabulary)), bool)
    start_next = np.zeros((header, len(TABLE.vocabulary)), np.int32)
    blocks, in_last_column, is_full_bar = [], [np.zeros(header, bool)], [np.zeros(header, bool)]
    for row, meter in enumerate(meters, start=1):
        token, length = FIRST_METER + METERS.index(meter), BAR_COLUMNS[meter]
        start_allowed[0, token], start_next[0, token] = True, row
        for pickup in range(length) if pickups is None else pickups:
            start_allowed[row, FIRST_PICKUP + pickup] = True
            start_next[row, FIRST_PICKUP + pickup] = first_state + STATES_PER_COLUMN * (length - pickup or length)
        size = length * STATES_PER_COLUMN
        allowed, next_state, classes = _meter_states(meter, pitches, bars)
        states = np.arange(len(classes))
        if final_triads is not None:
            last_bar = range(size * (bars or 2), size * ((bars or 2) + 1))
            allowed, next_state, states = with_ending(
                allowed, next_state, last_bar, SYMBOLS, BEAT_COLUMNS[meter], final_triads
            )
            classes = classes[states]
        blocks.append((allowed, np.where(allowed, next_state + first_state, 0).astype(np.int32), classes))
        first_state += len(classes)
        in_last_column.append((states % size >= size - SOUNDING_SETS) & (states // size <= (bars or 2)))
        is_full_bar.append(states >= size)
    header_classes = [START_CLASS, *(AFTER_METER_CLASS + METERS.index(meter) for meter in meters)]
    allowed = np.concatenate([start_allowed, *(block[0] for block in blocks)])
    next_state = np.concatenate([start_next, *(block[1] for block in blocks)])
    next_state[:, EOS] = 0
    grammar = Grammar(allowed, next_state, 0, np.concatenate([header_classes, *(block[2] for block in blocks)]))
    if density is None:
        return grammar if final_triads is None else trim(grammar)
    ends_bar = np.concatenate(in_last_column)[:, None] & (np.arange(len(TABLE.vocabulary)) != EOS)
    minimum = density[0] * np.concatenate(is_full_bar)
    return count_notes(grammar, TABLE.of_kind("pitch"), ends_bar, minimum, density[1])


def _meter_states(meter: str, pitches: np.ndarray, bars: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the states of one meter, numbered from 0: allowed and next state, both [S, V], and classes int[S].

    The bars follow one another, so that the state after the last of a bar is the first of the next bar. There is the
    pickup's bar, and then either `bars` full ones and an end, or the first full one, and one that repeats and may end
    between its columns.
    """
    allowed, next_state = _bar_states(BAR_COLUMNS[meter], pitches)
    size = len(allowed)
    count = 1 + (2 if bars is None else bars)
    allowed = np.tile(allowed, (count, 1))
    next_state = np.concatenate([next_state + bar * size for bar in range(count)])
    first_class = FIRST_COLUMN[meter] * len(VOICES)
    classes = np.tile(first_class + np.arange(size) // SOUNDING_SETS, count)
    last = slice((count - 1) * size, count * size)
    if bars is None:
        next_state[last] -= np.where(next_state[last] >= count * size, size, 0)
        states = np.arange(size)
        allowed[last, EOS] = (states // SOUNDING_SETS % len(VOICES) == 0) & (states % SOUNDING_SETS > 0)
        return allowed, next_state, classes
    silent = next_state[last] == count * size
    allowed[last] &= ~silent
    next_state[last] = np.minimum(next_state[last], count * size)
    end = np.arange(len(TABLE.vocabulary))[None] == EOS
    return (
        np.concatenate([allowed, end]),
        np.concatenate([next_state, np.zeros_like(end)]),
        np.append(classes, first_class),
    )


def _bar_states(length: int, pitches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the table of a bar of `length` 16ths: allowed bool[S, V] and next state int32[S, V].

    A state is (16th · 4 + voice) · 16 + the set of voices that sound, as bits. States past the last are the next bar's.
    """
    states = length * STATES_PER_COLUMN
    allowed = np.zeros((states, len(TABLE.vocabulary)), bool)
    next_state = np.zeros((states, len(TABLE.vocabulary)), np.int32)
    turn, sounding = np.divmod(np.arange(states), SOUNDING_SETS)
    for voice in range(len(VOICES)):
        mine = turn % len(VOICES) == voice
        bit = 1 << voice
        next_turn = (turn[mine] + 1) * SOUNDING_SETS
        notes = FIRST_PITCH + np.flatnonzero(pitches[voice]) - LOWEST
        allowed[np.ix_(mine, notes)] = True
        next_state[np.ix_(mine, notes)] = (next_turn + (sounding[mine] | bit))[:, None]
        allowed[mine, HOLD] = sounding[mine] & bit > 0
        next_state[mine, HOLD] = next_turn + sounding[mine]
        allowed[mine, REST] = True
        next_state[mine, REST] = next_turn + (sounding[mine] & ~bit)
    return allowed, next_state

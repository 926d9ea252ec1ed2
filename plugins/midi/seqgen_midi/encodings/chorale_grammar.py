"""The automaton of chorale documents: which token may follow which, for any choice of meters, bars and pitches.

A state is a meter, a bar, a 16th of that bar, the voice whose turn it is, and which voices sound. All bars of a meter
share one table, so it is made once and repeated, which builds the automaton for 64 bars in a fraction of a second where
a product state by state takes minutes.

The automaton has no dead ends as long as every voice has a pitch: a voice can always begin a note. Only the last column
of a fixed number of bars could fall silent, and the last step into silence is forbidden. So nothing is to be trimmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from seqgen import EOS, Grammar
from seqgen_midi.encodings.automata import counted
from seqgen_midi.music.chorale import FIRST_PICKUP, FIRST_PITCH, HOLD_ID, METER_IDS, REST_ID, VOCABULARY
from seqgen_midi.music.voices import LOWEST, METERS, VOICES

SOUNDING = 2 ** len(VOICES)
CELLS = len(VOICES) * SOUNDING
"""States in one 16th of one bar."""
MOST_STATES = 120_000
"""Past this, a fixed number of bars is offered in the commonest meters only: 60 MB of tables, half a second."""

METER_NAMES = tuple(METERS)
FIRST_POSITIONS = np.cumsum([0, *METERS.values()])
"""Where each meter begins when the positions of all meters are counted through; the last is their number."""
AFTER_METER_CLASS = int(FIRST_POSITIONS[-1]) * len(VOICES)
START_CLASS = AFTER_METER_CLASS + len(METERS)
"""Every grammar has a start, so giving it the highest number gives all of them the same number of classes."""


def default_pitches() -> np.ndarray:
    """bool[4, 128]: the MIDI pitches within the range of each voice."""
    pitches = np.arange(128)
    return np.stack([(pitches >= voice.lowest) & (pitches <= voice.highest) for voice in VOICES])


@lru_cache(maxsize=1)
def domain_grammar() -> Grammar:
    """The grammar that models are trained with: any meter, any pickup, one full bar or more, no silence at the end."""
    return chorale_grammar(METER_NAMES, default_pitches())


def fitting_meters(bars: int) -> tuple[str, ...]:
    """The meters, commonest first, that a grammar with so many bars of each has room for: always at least one."""
    states = np.cumsum([length * CELLS * bars for length in METERS.values()])
    return METER_NAMES[: max(1, int((states <= MOST_STATES).sum()))]


def chorale_grammar(
    meters: Sequence[str],
    pitches: np.ndarray,
    bars: int | None = None,
    pickups: Sequence[int] | None = None,
    density: tuple[int, int] | None = None,
) -> Grammar:
    """The automaton of documents in one of `meters`; raises ImpossibleConstraints when there are none.

    pitches: bool[4, 128]; the MIDI pitches that each voice may sing, at least one for each.
    bars:    exactly so many full bars after the pickup; None: at least one.
    pickups: the lengths of pickup allowed, in 16ths; None: any that is shorter than a bar.
    density: the fewest and the most notes that begin in a full bar; a pickup and a bar cut short have no fewest.
    """
    blocks, last_cells, full = [], [np.zeros(1 + len(meters), bool)], [np.zeros(1 + len(meters), bool)]
    first_state = 1 + len(meters)
    start_allowed = np.zeros((first_state, len(VOCABULARY)), bool)
    start_next = np.zeros((first_state, len(VOCABULARY)), np.int32)
    for row, meter in enumerate(meters, start=1):
        start_allowed[0, METER_IDS[meter]] = True
        start_next[0, METER_IDS[meter]] = row
        length = METERS[meter]
        for pickup in range(length) if pickups is None else pickups:
            start_allowed[row, FIRST_PICKUP + pickup] = True
            start_next[row, FIRST_PICKUP + pickup] = first_state + (length - pickup if pickup else length) * CELLS
        block = meter_block(meter, pitches, bars)
        blocks.append((block[0], np.where(block[0], block[1] + first_state, 0).astype(np.int32), block[2]))
        first_state += len(block[2])
        size = length * CELLS
        cells = np.arange(len(block[2]))
        last_cells.append((cells % size >= size - SOUNDING) & (cells // size <= (bars or 2)))
        full.append(cells >= size)
    header = [START_CLASS, *(AFTER_METER_CLASS + METER_NAMES.index(meter) for meter in meters)]
    allowed = np.concatenate([start_allowed, *(block[0] for block in blocks)])
    next_state = np.concatenate([start_next, *(block[1] for block in blocks)])
    next_state[:, EOS] = 0
    grammar = Grammar(allowed, next_state, 0, np.concatenate([header, *(block[2] for block in blocks)]))
    if density is None:
        return grammar
    tokens = np.arange(len(VOCABULARY))
    ends = np.concatenate(last_cells)[:, None] & (tokens != EOS)
    least = density[0] * np.concatenate(full)[:, None]
    return counted(grammar, tokens >= FIRST_PITCH, ends, least, density[1])


def meter_block(meter: str, pitches: np.ndarray, bars: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The states of one meter from 0: allowed and next, both [states, vocabulary], and classes int[states].

    The bars lie one behind the other, so that the state after a bar's last cell is the next bar's first: the pickup's,
    then `bars` full ones and an end; or the first full one, and one that repeats and may end between its columns.
    """
    allowed, following = one_bar(METERS[meter], pitches)
    size = len(allowed)
    stored = 1 + (bars if bars is not None else 2)
    allowed = np.tile(allowed, (stored, 1))
    following = np.concatenate([following + bar * size for bar in range(stored)])
    first_class = int(FIRST_POSITIONS[METER_NAMES.index(meter)]) * len(VOICES)
    classes = np.tile(first_class + np.arange(size) // SOUNDING, stored)
    last = slice((stored - 1) * size, stored * size)
    if bars is None:
        following[last] -= np.where(following[last] >= stored * size, size, 0)
        cells = np.arange(size)
        allowed[last, EOS] = (cells // SOUNDING % len(VOICES) == 0) & (cells % SOUNDING > 0)
        return allowed, following, classes
    silent = following[last] == stored * size
    allowed[last] &= ~silent
    following[last] = np.minimum(following[last], stored * size)
    end = np.arange(len(VOCABULARY))[None] == EOS
    return (
        np.concatenate([allowed, end]),
        np.concatenate([following, np.zeros_like(end)]),
        np.append(classes, first_class),
    )


def one_bar(length: int, pitches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The table of a bar of `length` 16ths: bool[cells, vocabulary] and int32[cells, vocabulary].

    A cell is (16th · 4 + voice) · 16 + the set of voices that sound, as bits. Cells past the last are the next bar's.
    """
    cells = length * CELLS
    allowed = np.zeros((cells, len(VOCABULARY)), bool)
    following = np.zeros((cells, len(VOCABULARY)), np.int32)
    number = np.arange(cells)
    turn, sounding = np.divmod(number, SOUNDING)
    for voice in range(len(VOICES)):
        mine = turn % len(VOICES) == voice
        bit = 1 << voice
        next_turn = (turn[mine] + 1) * SOUNDING
        sings = FIRST_PITCH + np.flatnonzero(pitches[voice]) - LOWEST
        allowed[np.ix_(mine, sings)] = True
        following[np.ix_(mine, sings)] = (next_turn + (sounding[mine] | bit))[:, None]
        allowed[mine, HOLD_ID] = sounding[mine] & bit > 0
        following[mine, HOLD_ID] = next_turn + sounding[mine]
        allowed[mine, REST_ID] = True
        following[mine, REST_ID] = next_turn + (sounding[mine] & ~bit)
    return allowed, following

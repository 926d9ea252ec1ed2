"""The end of a chorale: all voices begin a triad together on a beat, the bass its root, and hold it for a beat.

A second automaton, the watch, follows the columns beside the states of a bar. It is in one of these states:

- 0: no final chord sounds
- n > 0: a final chord has sounded for n columns, at most a beat
- a set of pitch classes: the first voices of a column begin notes of one triad

The product has only the pairs that can be reached. It is made for one bar of each meter, so it stays small.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from seqgen import EOS
from seqgen_midi.music.voices import VOICES

ALL_TRIADS = tuple((root, (root + third) % 12, (root + 7) % 12) for root in range(12) for third in (4, 3))
"""Root, third and fifth of each major and minor triad, as pitch classes."""
HOLD_SYMBOL, OTHER_SYMBOL = -1, -2
"""The symbols of tokens that begin no note. The symbol of a note is its pitch class."""
STATES_PER_VOICE = 2 ** len(VOICES)

Triads = tuple[tuple[int, ...], ...]
Watch = int | frozenset[int]


@lru_cache(maxsize=100_000)
def advance(watch: Watch, voice: int, symbol: int, beat_columns: int, is_beat: bool, triads: Triads) -> Watch:
    """Returns the state of the watch after a token of a voice; `is_beat` says whether its column begins a beat."""
    is_bass = voice == len(VOICES) - 1
    if symbol == HOLD_SYMBOL and isinstance(watch, int) and watch > 0:
        return min(watch + 1, beat_columns) if is_bass else watch
    if symbol < 0 or (isinstance(watch, int) if voice else not is_beat):
        return 0
    heard = frozenset({symbol}) | (watch if isinstance(watch, frozenset) else frozenset())
    fitting = [triad for triad in triads if heard <= set(triad)]
    if is_bass:
        return int(any(symbol == root and third in heard for root, third, _ in fitting))
    return heard if fitting else 0


def with_ending(
    allowed: np.ndarray, next_state: np.ndarray, bar: range, symbols: np.ndarray, beat_columns: int, triads: Triads
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adds the states of the watch to the bar at whose end, or within which, a document ends.

    allowed:    bool[S, V]
    next_state: int[S, V]
    bar:        the states of the bar: (column · 4 + voice) · 16 + the set of voices that sound
    symbols:    int[V]; the symbol of each token
    triads:     root, third and fifth of each chord that may be the final one

    Returns allowed bool[S + n, V], next state int[S + n, V], and the state that each state is a copy of: int[S + n]. A
    document then ends only where a final chord has sounded for a beat. Some states may become dead ends.
    """
    number: dict[tuple[int, Watch], int] = {(state, 0): state for state in bar}
    # The states of a bar allow few different sets of tokens.
    tokens_by_symbol: dict[tuple[bytes, bool], list[tuple[int, np.ndarray]]] = {}
    waiting: list[tuple[int, Watch]] = list(number)
    rows: list[tuple[np.ndarray, np.ndarray]] = []
    for state, watch in waiting:
        tokens, targets = allowed[state].copy(), next_state[state].copy()
        column, voice = divmod((state - bar.start) // STATES_PER_VOICE, len(VOICES))
        is_beat = column % beat_columns == 0
        tokens[EOS] &= watch == beat_columns
        # Where a final chord can neither begin nor be completed, all notes are alike.
        is_note_heard = isinstance(watch, frozenset) or (voice == 0 and is_beat)
        kind = allowed[state].tobytes(), is_note_heard
        if kind not in tokens_by_symbol:
            continuing = allowed[state] & (np.arange(len(symbols)) != EOS)
            tokens_by_symbol[kind] = _group(continuing, symbols if is_note_heard else np.minimum(symbols, 0))
        for symbol, chosen in tokens_by_symbol[kind]:
            after = advance(watch, voice, symbol, beat_columns, is_beat, triads)
            # All notes that a voice may begin lead to the same state of the bar.
            target = int(next_state[state, chosen[0]])
            if target not in bar:
                tokens[chosen] = after == beat_columns
                continue
            if (target, after) not in number:
                number[target, after] = len(allowed) + len(number) - len(bar)
                waiting.append((target, after))
            targets[chosen] = number[target, after]
        rows.append((tokens, targets))
    in_bar, added = rows[: len(bar)], rows[len(bar) :]
    copied = [state for state, _ in waiting[len(bar) :]]
    parts = [
        (table[: bar.start], [row[kind] for row in in_bar], table[bar.stop :], [row[kind] for row in added])
        for kind, table in enumerate((allowed, next_state))
    ]
    new_allowed, new_next = (np.concatenate([part for part in each if len(part)]) for each in parts)
    return new_allowed, new_next, np.concatenate([np.arange(len(allowed)), copied]).astype(int)


def _group(allowed: np.ndarray, symbols: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Returns the tokens allowed bool[V] by their symbols int[V]."""
    return [(symbol, np.flatnonzero(allowed & (symbols == symbol))) for symbol in np.unique(symbols[allowed]).tolist()]

"""What may be known ahead of a chorale: its key, its end, and the notes of some voices in some columns.

The condition steps are the header (0), the columns of the grid (1 … n), and the end (n + 1). The channels are

    0        the key: 1 + its place in COMMON_KEYS
    1        how many columns are left, the current one included, in buckets
    2 … 5    the token of each voice in the column

In training, each document shows a random part of what is true of it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from seqgen.grammar import Conditions
from seqgen.grammar.conditions import UNKNOWN
from seqgen_midi.encodings.chorale_grammar import (
    AFTER_METER_CLASS,
    BAR_COLUMNS,
    FIRST_PITCH,
    HOLD,
    LOWEST,
    METERS,
    REST,
    START_CLASS,
    TABLE,
)
from seqgen_midi.music.keys import COMMON_KEYS, SCALES, Key, estimate_key
from seqgen_midi.music.voices import VOICES

KEY, END, FIRST_VOICE = range(3)
"""The channels; those of the voices are FIRST_VOICE and the ones after it."""
END_BUCKETS = np.concatenate([np.arange(17), np.arange(20, 65, 4), np.arange(80, 257, 16)])
"""The numbers of columns left at which a bucket begins."""
HEADER = 3
"""The ids before the first column."""
LENGTHS = (36, 40, 44, 48, 48, 52, 56, 64, 72)
"""The deciles of the lengths of Bach's 352 chorales in quarters."""
MIN_CONTINUATION = 4
"""Bars that a prompt is continued for, or more, where no number of bars is asked for."""
MAX_COLUMNS_WITHOUT_END = 1020
"""For so many columns the key is told of a chorale whose end is not known."""
MIN_COLUMNS_FOR_KEY = 32
"""The key of fewer columns is not estimated."""
KEY_SHOWN, END_SHOWN = 0.7, 0.5
"""How often training shows the key and the end."""
VOICES_SHOWN = {"none": 0.4, "soprano": 0.3, "some": 0.1, "around": 0.2}
"""How often training shows no voice, the soprano alone, a random set of voices, or all voices around a span."""


@lru_cache(maxsize=1)
def chorale_conditions() -> Conditions:
    """Returns the channels, and which tokens end a column. They are the same under all constraints."""
    classes = np.arange(START_CLASS + 1)
    # A class names the voice whose turn comes next. The soprano's comes after the header and after each column.
    advances = (classes < AFTER_METER_CLASS) & (classes % len(VOICES) == 0)
    note_size = 1 + len(TABLE.vocabulary) - REST
    sizes = (1 + len(COMMON_KEYS), 1 + len(END_BUCKETS), *[note_size] * len(VOICES))
    return Conditions(np.zeros(len(TABLE.vocabulary), np.int32), advances[:, None], sizes)


def shown_conditions(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns a random part of what is true of a document, perhaps nothing: int32[C, J]. A pure function."""
    columns = columns_of(ids)
    key = estimate_key_of(columns) if rng.random() < KEY_SHOWN else None
    has_end = rng.random() < END_SHOWN
    part = rng.choice(list(VOICES_SHOWN), p=list(VOICES_SHOWN.values()))
    is_shown = np.zeros(columns.shape, bool)
    if part == "soprano":
        is_shown[:, 0] = True
    elif part == "some":
        is_shown[:, rng.random(len(VOICES)) < 0.5] = True
    elif part == "around":
        is_shown[:] = True
        length = int(np.exp(rng.uniform(np.log(4), np.log(max(5, len(columns))))))
        first = int(rng.integers(1 - length, len(columns)))
        is_shown[max(first, 0) : first + length] = False
    return condition_values(len(columns), key, has_end=has_end, tokens=np.where(is_shown, columns, UNKNOWN))


def condition_values(
    count: int, key: Key | None = None, *, has_end: bool = False, tokens: np.ndarray | None = None
) -> np.ndarray:
    """Returns the conditions of `count` columns: int32[count + 2, J].

    key:     the key, or None if it is not known
    has_end: whether the number of columns is known
    tokens:  int[count, 4], the tokens that are known of each column and voice; what is no such token is not known
    """
    left = np.arange(count, -1, -1)
    values = np.zeros((1 + len(left), FIRST_VOICE + len(VOICES)), np.int32)
    if key is not None:
        values[1:, KEY] = 1 + COMMON_KEYS.index(common_key(key))
    if has_end:
        values[1:, END] = np.searchsorted(END_BUCKETS, left, side="right")
    if tokens is not None:
        values[1 : count + 1, FIRST_VOICE:] = np.where(tokens >= REST, tokens - REST + 1, UNKNOWN)
    return values


def columns_of(ids: np.ndarray) -> np.ndarray:
    """Returns the tokens of a document or of its beginning by complete column and voice: int[n, 4]."""
    count = int((ids[HEADER:] >= REST).sum()) // len(VOICES)
    return ids[HEADER : HEADER + count * len(VOICES)].reshape(-1, len(VOICES))


def columns_in(ids: np.ndarray, bars: int) -> int:
    """Returns how many columns a document has that begins with `ids` and has so many full bars after its pickup."""
    return int(TABLE.value[ids[2]]) + bars * bar_columns_of(ids)


def bar_columns_of(ids: np.ndarray) -> int:
    """Returns how many columns a bar has in a document that begins with `ids`."""
    return BAR_COLUMNS[METERS[int(TABLE.value[ids[1]])]]


def default_bars(begun: int, bar_columns: int, key: Key) -> int:
    """Returns how many bars a chorale has where none are asked for, of which `begun` are given.

    The length is one of Bach's. It goes with the key, so that there are only as many automata as keys.
    """
    length = LENGTHS[COMMON_KEYS.index(common_key(key)) % len(LENGTHS)]
    return max(begun + MIN_CONTINUATION, round(4 * length / bar_columns))


def estimate_key_of(columns: np.ndarray) -> Key:
    """Returns the key of columns int[n, 4] of tokens.

    The key follows from how long each pitch class sounds, and from the last note of a voice.

    That is the bass, or the soprano if nothing is known of the bass: chorales end on the tonic in the bass, and most in
    the soprano too. An entry that is no token of a voice is not known.
    """
    rows = np.arange(len(columns))[:, None]
    begins = np.maximum.accumulate(np.where(columns == HOLD, 0, rows), axis=0)
    sounding = np.take_along_axis(columns, begins, axis=0)
    pitches = sounding[sounding >= FIRST_PITCH] - FIRST_PITCH + LOWEST
    known = [voice[voice >= FIRST_PITCH] - FIRST_PITCH + LOWEST for voice in (sounding[:, -1], sounding[:, 0])]
    final = next((int(voice[-1] % 12) for voice in known if len(voice)), None)
    return estimate_key(np.bincount(pitches % 12, minlength=12).astype(float), final)


def draw_key(rng: np.random.Generator) -> Key:
    """Returns a random key: training shows each document in all keys, so all of a mode are about as common."""
    return COMMON_KEYS[int(rng.integers(len(COMMON_KEYS)))]


def common_key(key: Key) -> Key:
    """Returns the major or minor key on the same tonic whose third the mode has."""
    mode = "maj" if 4 in SCALES[key.mode] else "min"
    return next(one for one in COMMON_KEYS if (one.tonic, one.mode) == (key.tonic, mode))

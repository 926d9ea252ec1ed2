"""Relations between the voices of a chorale: no parallel fifths and octaves, no crossed voices.

Two voices are in parallel fifths if they are a fifth apart in one column and in the next, and both have moved in the
same direction. A fifth may be wider by octaves. Unisons and octaves are one class in the same way. Notes that are held
or repeated do not move.

When a voice sings, the registers (chorale_registers.py) hold what the voices before it sing now and sang in the column
before, and what the voice itself sang there. So a voice is compared with each voice above it.

Voices cross where one sings below its lower neighbour. The lower neighbour sings later in a column and may hold its
note, so a voice may not go below what its lower neighbour sang in the column before (that would be an overlap).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from seqgen.grammar import TOKEN, Comparison, Relation, Relations
from seqgen_midi.encodings.chorale_grammar import AFTER_METER_CLASS, HIGHEST, LOWEST, START_CLASS
from seqgen_midi.encodings.chorale_registers import BEFORE, NOW, chorale_registers
from seqgen_midi.music.voices import VOICES

PERFECT_INTERVALS = (0, 7)
"""Unisons and fifths in semitones, without octaves."""


@lru_cache(maxsize=4)
def chorale_relations(has_parallels: bool, has_crossings: bool) -> Relations | None:
    """Returns the relations that forbid parallels, crossings or both; None if both may be."""
    relations = [*([] if has_parallels else no_parallels()), *([] if has_crossings else no_crossings())]
    return Relations(chorale_registers(), relations) if relations else None


def no_parallels() -> list[Relation]:
    """Returns the relations of each voice with each voice above it."""
    difference = np.arange(LOWEST - HIGHEST, HIGHEST - LOWEST + 1)
    # 0: neither; 1: unison or octave; 2: fifth. Where voices cross, the interval is counted from the lower one too.
    interval = sum((number + 1) * (np.abs(difference) % 12 == size) for number, size in enumerate(PERFECT_INTERVALS))
    direction = np.sign(difference) % 3
    # The interval before and now, and the directions of the two voices.
    forbidden = np.zeros((3, 3, 3, 3), bool)
    for same in (1, 2):
        for up_or_down in (1, 2):
            forbidden[same, same, up_or_down, up_or_down] = True
    relations = []
    for voice in range(len(VOICES)):
        for upper in range(voice):
            comparisons = (
                Comparison(BEFORE + upper, NOW + voice, interval),
                Comparison(NOW + upper, TOKEN, interval),
                Comparison(NOW + upper, BEFORE + upper, direction),
                Comparison(TOKEN, NOW + voice, direction),
            )
            relations.append(Relation(_sings_next(voice), comparisons, forbidden))
    return relations


def no_crossings() -> list[Relation]:
    """Returns the relations of each voice with its two neighbours."""
    difference = np.arange(LOWEST - HIGHEST, HIGHEST - LOWEST + 1)
    # 1: not below, 2: below
    is_below = 1 + (difference < 0).astype(np.int32)
    forbidden = np.array([False, False, True])
    relations = []
    for voice in range(len(VOICES)):
        if voice > 0:
            relations.append(Relation(_sings_next(voice), (Comparison(NOW + voice - 1, TOKEN, is_below),), forbidden))
        if voice < len(VOICES) - 1:
            relations.append(Relation(_sings_next(voice), (Comparison(TOKEN, NOW + voice + 1, is_below),), forbidden))
    return relations


def _sings_next(voice: int) -> np.ndarray:
    """Returns the classes of the grammar's states before a token of the voice: bool[C]."""
    classes = np.arange(START_CLASS + 1)
    return np.asarray((classes % len(VOICES) == voice) & (classes < AFTER_METER_CLASS))

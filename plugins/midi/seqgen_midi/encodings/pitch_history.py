"""What a pitch is compared with where notes stand one after the other: the pitches before it."""

from __future__ import annotations

import numpy as np

from seqgen.grammar import NO_COORDINATE, Registers
from seqgen_midi.encodings.tokens import TokenTable

HISTORY_LENGTH = 4
"""The pitches that are kept: those of a chord, or the last steps of a tune."""


def pitch_history(table: TokenTable, class_count: int) -> Registers:
    """Returns registers with the last HISTORY_LENGTH pitches, the newest first, for `class_count` classes of states.

    Tokens that are no pitch change nothing, and are compared with nothing.
    """
    coordinate = np.full(len(table.vocabulary), NO_COORDINATE, np.int32)
    coordinate[table.ids("pitch")] = table.numbers("pitch")
    of_token, nothing = HISTORY_LENGTH, HISTORY_LENGTH + 1
    unchanged = np.arange(HISTORY_LENGTH)
    shifted = np.concatenate([[of_token], unchanged[:-1]])
    return Registers(
        coordinate,
        kind=table.of_kind("pitch").astype(np.int32),
        update=np.tile(np.arange(2, dtype=np.int32), (class_count, 1)),
        sources=np.array([unchanged, shifted], np.int32),
        subject=np.array([nothing, of_token], np.int32),
    )

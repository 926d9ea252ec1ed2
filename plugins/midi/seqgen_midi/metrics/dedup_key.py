"""The dedup key: what is equal in pieces that are the same music in another key, tempo or sound."""

from __future__ import annotations

import numpy as np

from seqgen_midi.music.piece import Piece

DRUM_OFFSET = 256
"""Added to the keys of the drum kit, which do not move with the key of the music."""


def dedup_key(piece: Piece) -> list[np.ndarray]:
    """Starts, durations, and pitches above the lowest pitch, sorted by start, pitch and duration; drums as they are."""
    is_drum = piece.is_drum
    lowest = int(piece.pitch[~is_drum].min(initial=127))
    pitch = np.where(is_drum, piece.pitch + DRUM_OFFSET, piece.pitch - lowest)
    order = np.lexsort((piece.duration, pitch, piece.start))
    return [piece.start[order], piece.duration[order], pitch[order]]

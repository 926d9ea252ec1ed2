"""When two pieces are the same music: the same notes at the same times, in whatever key, tempo or sound."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqgen_midi.music.chorale import Chorale
from seqgen_midi.music.piece import Piece

DRUMS = 256
"""Added to the keys of the drum kit: those do not move with the key."""


def likeness_of(item: Piece | Chorale) -> Any:
    """What is equal in items that are the same music in another key, tempo or sound."""
    return likeness_of_piece(item) if isinstance(item, Piece) else likeness_of_chorale(item)


def likeness_of_piece(piece: Piece) -> list[np.ndarray]:
    """Starts, durations and pitches above the lowest one, in an order of their own; drums as they are."""
    sung = ~piece.drums
    lowest = int(piece.pitch[sung].min(initial=127))
    pitch = np.where(sung, piece.pitch - lowest, piece.pitch + DRUMS)
    order = np.lexsort((piece.duration, pitch, piece.start))
    return [piece.start[order], piece.duration[order], pitch[order]]


def likeness_of_chorale(item: Chorale) -> np.ndarray:
    """The grid with pitches above the lowest one."""
    grid = item.array()
    sung = grid >= 0
    return np.where(sung, grid - grid[sung].min(initial=127), grid)

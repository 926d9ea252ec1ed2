"""How notes lie on a grid of so many steps in a quarter, and whether music keeps to any grid."""

from __future__ import annotations

import numpy as np

from seqgen_midi.music.piece import Piece

GRID_STEPS_PER_QUARTER = 24
"""The grid of written music: 32nds, and triplets of 16ths."""
MAX_WRITTEN_OFFSET = 0.1
"""How far from that grid a note may begin, in steps. One in five notes that are played freely comes as near."""
MIN_SHARE_ON_GRID = 0.6
"""The share of notes on that grid below which a piece counts as played freely."""
MAX_OFFSET = 0.25
"""How far from its step a note may begin, in steps, before it counts as moved."""


def offsets(quarters: np.ndarray, grid: int) -> np.ndarray:
    """How far each time float[n], in quarters, is from the nearest step of a grid, in steps: float[n]."""
    steps = quarters * grid
    return np.asarray(np.abs(steps - np.rint(steps)))


def is_on_grid(piece: Piece) -> bool:
    """Whether the notes begin where notes of written music begin."""
    offset = offsets(piece.start / piece.resolution, GRID_STEPS_PER_QUARTER)
    return float((offset <= MAX_WRITTEN_OFFSET).mean()) >= MIN_SHARE_ON_GRID

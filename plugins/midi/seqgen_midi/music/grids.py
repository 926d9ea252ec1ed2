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
    """Returns how far each time float[n], in quarters, is from the nearest step of a grid, in steps: float[n]."""
    steps = quarters * grid
    return np.asarray(np.abs(steps - np.rint(steps)))


def phase(quarters: np.ndarray) -> float:
    """Returns the common distance of times float[n], in quarters, from the grid of written music.

    The distance is in steps. It is a circular mean.
    """
    turns = np.exp(2j * np.pi * GRID_STEPS_PER_QUARTER * quarters)
    return float(np.angle(turns.mean()) / (2 * np.pi)) if len(quarters) else 0.0


def share_written(quarters: np.ndarray) -> float:
    """Returns the share of times float[n], in quarters, at which notes of written music can begin."""
    return float((offsets(quarters, GRID_STEPS_PER_QUARTER) <= MAX_WRITTEN_OFFSET).mean())


def aligned(quarters: np.ndarray, grid: int) -> np.ndarray:
    """Returns the times float[n], in quarters, shifted onto the grid.

    Only music on a grid that its file's beats are not on is shifted.

    All are shifted by the same time below a step, which brings most of them near a step.
    """
    if (offsets(quarters, grid) <= MAX_OFFSET).all() or share_written(quarters) >= MIN_SHARE_ON_GRID:
        return quarters
    shifts = (phase(quarters) + np.arange(-(-GRID_STEPS_PER_QUARTER // grid))) / GRID_STEPS_PER_QUARTER
    candidates = [quarters, *(quarters - shift for shift in shifts)]
    return max(candidates, key=lambda times: int((offsets(times, grid) <= MAX_OFFSET).sum()))


def is_on_grid(piece: Piece) -> bool:
    """Whether the notes begin where notes of written music begin, or all of them at the same distance from there."""
    quarters = piece.start / piece.resolution
    shifted = quarters - phase(quarters) / GRID_STEPS_PER_QUARTER
    return max(share_written(quarters), share_written(shifted)) >= MIN_SHARE_ON_GRID

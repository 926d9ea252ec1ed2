"""Counts what an encoding leaves out of a piece, with the setting that keeps it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen import Remark
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.piece import Piece

FINEST_GRIDS = (12, 24)
"""Steps in a quarter that a setting can choose, and that hold triplets."""
MAX_GRID_OFFSET = 0.25
"""How far from its step a note may begin, in steps, before it counts as moved."""
MAX_FINE_OFFSET = 0.1
"""How far from a finer grid a note may begin, in its steps, to count as written on it."""


def losses(read: Piece, quantised: Piece, encoding: Encoding) -> Iterator[Remark]:
    """Remarks on what is left out of a piece as it was read, with how many of each there are."""
    counts = dict(read.omitted)
    played = encoding.plays(read)
    others = int((~played).sum())
    counts[f"notes of other players left out by {encoding.name} (encoding=score keeps them)"] = others
    counts["notes that fell on one step and became one"] = int(played.sum()) - len(quantised)
    unsaid = len(read.chords) - len(quantised.chords)
    if "chord" in encoding.table:
        counts["chord symbols beyond the first of a bar or past the last note left out"] = unsaid
    else:
        counts[f"chord symbols left out by {encoding.name} (encoding=melody keeps them)"] = unsaid
    if not encoding.has_sustain:
        counts[f"sustain pedals left out by {encoding.name} (encoding=score or performance keeps them)"] = len(
            read.pedals
        )
    if encoding.has_bars:
        for grid, moved in zip(
            FINEST_GRIDS, _moved_notes(read.start[played] / read.resolution, quantised.resolution), strict=True
        ):
            counts[f"notes moved to a coarser grid (resolution={grid} keeps them in place)"] = moved
    for text, count in counts.items():
        if count > 0:
            yield Remark(text, count=count)


def _moved_notes(quarters: np.ndarray, resolution: int) -> list[int]:
    """How many notes begin between the steps of a grid, and first fit each of FINEST_GRIDS.

    quarters: float[n], the starts of the notes
    """
    quarters = quarters[_offset(quarters, resolution) > MAX_GRID_OFFSET]
    if not len(quarters):
        return [0] * len(FINEST_GRIDS)
    counts = []
    for grid in FINEST_GRIDS:
        fits = _offset(quarters, grid) < MAX_FINE_OFFSET
        counts.append(int(fits.sum()))
        quarters = quarters[~fits]
    return counts


def _offset(quarters: np.ndarray, grid: int) -> np.ndarray:
    """How far each time is from the nearest step of a grid, in steps."""
    steps = quarters * grid
    return np.asarray(np.abs(steps - np.rint(steps)))

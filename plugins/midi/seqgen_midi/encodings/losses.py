"""Counts what an encoding leaves out of a piece, with the setting that keeps it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqgen import Remark
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.grids import MAX_OFFSET, aligned, is_on_grid, offsets
from seqgen_midi.music.piece import Piece

FINEST_GRIDS = (12, 24)
"""Steps in a quarter that a setting can choose, and that hold triplets."""
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
        counts["chord symbols past the last bar, or before another one at the same eighth, left out"] = unsaid
        counts["chord symbols moved to the nearest eighth"] = _moved_chords(read, quantised)
    else:
        counts[f"chord symbols left out by {encoding.name} (encoding=melody keeps them)"] = unsaid
    if not encoding.has_sustain:
        # Several players may share one pedal.
        pedals = len(np.unique(read.pedals[:, 1]))
        counts[f"sustain pedals left out by {encoding.name} (encoding=score or performance keeps them)"] = pedals
    if encoding.has_bars:
        counts |= _moved_notes(read, played, quantised.resolution)
    for text, count in counts.items():
        if count > 0:
            yield Remark(text, count=count)


def _moved_chords(read: Piece, quantised: Piece) -> int:
    """Returns how many chord symbols of a quantised piece begin where none of the file begins, within a fine offset.

    Those of a file without any are inferred.
    """
    if not len(read.chords):
        return 0
    written, kept = (piece.chords[:, 0] / piece.resolution for piece in (read, quantised))
    places = np.sort(np.concatenate([[-np.inf], written, [np.inf]]))
    after = np.searchsorted(places, kept)
    distance = np.minimum(kept - places[after - 1], places[after] - kept)
    return int((distance * quantised.resolution > MAX_OFFSET).sum())


def _moved_notes(read: Piece, played: np.ndarray, resolution: int) -> dict[str, int]:
    """Returns how many of the notes `played` bool[n] begin between the steps of a grid, by what keeps them in place."""
    quarters = aligned(read.start[played] / read.resolution, resolution)
    quarters = quarters[offsets(quarters, resolution) > MAX_OFFSET]
    if not len(quarters):
        return {}
    if not is_on_grid(read):
        return {
            "free playing: notes off any grid moved to the nearest step (encoding=performance keeps the times of one "
            "player, a finer resolution moves them less)": len(quarters)
        }
    counts = {}
    for grid in FINEST_GRIDS:
        fits = offsets(quarters, grid) < MAX_FINE_OFFSET
        counts[f"notes moved to a coarser grid (resolution={grid} keeps them in place)"] = int(fits.sum())
        quarters = quarters[~fits]
    counts["notes between the steps of any grid moved to the nearest one (encoding=performance keeps their times)"] = (
        len(quarters)
    )
    return counts

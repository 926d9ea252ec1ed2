"""Metronome marks."""

from __future__ import annotations

import numpy as np

TEMPOS = np.array(
    [*range(20, 60, 2), *range(60, 72, 3), *range(72, 120, 4), *range(120, 144, 6), *range(144, 208, 8),
     *range(208, 312, 12)]
)  # fmt: skip
"""Quarters a minute: the marks of a metronome (Maelzel's scale), continued in its manner to 304."""
LOG_BOUNDARIES = np.log(TEMPOS[1:]) / 2 + np.log(TEMPOS[:-1]) / 2
"""The logarithms of the geometric means of neighbouring marks."""


def marks_within(lowest: int, highest: int) -> np.ndarray:
    """Whether each of TEMPOS is from `lowest` to `highest`; the nearest to them where none is: bool[tempos]."""
    is_within = (lowest <= TEMPOS) & (highest >= TEMPOS)
    if not is_within.any():
        is_within[nearest_tempo(np.sqrt(float(lowest) * highest))] = True
    return is_within


def nearest_tempo(quarters_per_minute: np.ndarray | float) -> np.ndarray:
    """Returns the index into TEMPOS of the mark with the nearest ratio to each of float[n]: int[n]."""
    return np.asarray(np.searchsorted(LOG_BOUNDARIES, np.log(quarters_per_minute)))

"""MIDI velocities in bins of equal width."""

from __future__ import annotations

import numpy as np

DEFAULT_VELOCITY = 84
"""The velocity of notes in encodings that have no velocities."""
MAX_VELOCITY = 127


def velocity_bins(velocity: np.ndarray, bins: int) -> np.ndarray:
    """Returns the bin of each velocity 1 … 127: int64[n]. A velocity out of this range counts as the nearest in it."""
    table = (np.maximum(np.arange(MAX_VELOCITY + 1), 1) - 1) * bins // MAX_VELOCITY
    return np.take(table, velocity, mode="clip")


def bin_centres(bins: int) -> np.ndarray:
    """Returns the velocity in the middle of each bin: int[bins]. With 127 bins each velocity is its own bin."""
    edges = -(-np.arange(bins + 1) * MAX_VELOCITY // bins) + 1
    return (edges[:-1] + edges[1:] - 1) // 2

"""How loud: MIDI velocities in bins of equal width."""

from __future__ import annotations

import numpy as np

LOUDNESS = 84
"""The velocity of notes in encodings that do not tell how loud they are."""
MOST_BINS = 127


def bins_of(velocity: np.ndarray, bins: int) -> np.ndarray:
    """The bin of each velocity 1 … 127; out of range counts as the nearest."""
    return (np.minimum(np.maximum(velocity, 1), MOST_BINS).astype(np.int64) - 1) * bins // MOST_BINS


def centres(bins: int) -> np.ndarray:
    """The velocity in the middle of each bin: int[bins]; with 127 bins every velocity is its own."""
    edges = -(-np.arange(bins + 1) * MOST_BINS // bins) + 1
    return (edges[:-1] + edges[1:] - 1) // 2

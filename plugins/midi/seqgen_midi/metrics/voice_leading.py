"""What only chorales have: four voices, their rests, leaps and parallels; held-out ones and samples side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from seqgen_midi.music.chorale import HOLD, REST, Chorale
from seqgen_midi.music.voices import VOICES

WIDEST_LEAP = 12
"""Semitones; wider leaps are counted as this one."""


def leaps(items: Sequence[Chorale]) -> np.ndarray:
    """How often each melodic interval occurs, from an octave down to an octave up: float[25]."""
    counts = np.zeros(2 * WIDEST_LEAP + 1)
    for item in items:
        for voice in range(len(VOICES)):
            steps = np.diff([note.pitch for note in item.notes(voice)]).astype(int)
            np.add.at(counts, np.clip(steps, -WIDEST_LEAP, WIDEST_LEAP) + WIDEST_LEAP, 1)
    return counts


def parallels(item: Chorale) -> int:
    """How often two voices move in the same direction from one fifth or octave (or prime) to the next of its kind."""
    grid = item.array()
    sounding = np.full(grid.shape, REST)
    current = np.full(len(VOICES), REST)
    for column, codes in enumerate(grid):
        current = np.where(codes == HOLD, current, codes)
        sounding[column] = current
    before, after = sounding[:-1], sounding[1:]
    count = 0
    for upper, lower in combinations(range(len(VOICES)), 2):
        heard = (np.minimum(before, after)[:, [upper, lower]] >= 0).all(axis=1)
        moves = (before[:, lower] != after[:, lower]) & (
            before[:, upper] - before[:, lower] == after[:, upper] - after[:, lower]
        )
        count += int((heard & moves & np.isin((before[:, upper] - before[:, lower]) % 12, (0, 7))).sum())
    return count


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """What two histograms share when each is scaled to a sum of 1: 1 for equal ones, 0 for disjoint or empty ones."""
    if one.sum() == 0 or other.sum() == 0:
        return 0.0
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def densities(items: Sequence[Chorale]) -> dict[str, float]:
    """Averages over all columns of `items`, by name."""
    columns = max(1, sum(len(item.grid) for item in items))
    codes = np.concatenate([np.zeros((0, len(VOICES)), np.int64), *(item.array() for item in items)])
    return {
        "notes a voice and quarter": 4 * float((codes >= 0).sum()) / columns / len(VOICES),
        "share of rests": float((codes == REST).sum()) / columns / len(VOICES),
        "parallel fifths and octaves per 100 16ths": 100 * sum(map(parallels, items)) / columns,
    }


def compare(real: Sequence[Chorale], made: Sequence[Chorale]) -> dict[str, float]:
    """What the histograms of leaps share (1 is the same), and densities of both sides."""
    result = {"leaps within a voice, overlap": overlap(leaps(real), leaps(made))}
    ours, theirs = densities(real), densities(made)
    for name in ours:
        result[f"{name}, held out"] = ours[name]
        result[f"{name}, samples"] = theirs[name]
    return result

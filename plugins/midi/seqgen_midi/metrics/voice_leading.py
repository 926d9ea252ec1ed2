"""Statistics of pieces in voices, new ones beside held-out ones: rests, leaps and parallels.

Each track is a voice that sings one note at a time, and a tick is a 16th.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from seqgen_midi.music.piece import Piece

MAX_LEAP = 12
"""Semitones; a wider leap counts as this one."""
SILENT = -1
PERFECT_INTERVALS = (0, 7)
"""Primes, octaves and fifths, in semitones within an octave."""


def sounding_pitches(piece: Piece) -> np.ndarray:
    """The pitch of each voice at each tick: int[ticks, voices], SILENT where the voice rests."""
    sounding = np.full((piece.end, len(piece.tracks)), SILENT)
    within_note = np.arange(int(piece.duration.sum())) - np.repeat(
        np.cumsum(piece.duration) - piece.duration, piece.duration
    )
    tick = np.repeat(piece.start, piece.duration) + within_note
    sounding[tick, np.repeat(piece.track, piece.duration)] = np.repeat(piece.pitch, piece.duration)
    return sounding


def leap_counts(pieces: Sequence[Piece]) -> np.ndarray:
    """How often each melodic interval occurs, from an octave down to an octave up: float[25]."""
    counts = np.zeros(2 * MAX_LEAP + 1)
    for piece in pieces:
        order = np.argsort(piece.track, kind="stable")
        intervals = np.diff(piece.pitch[order])[np.diff(piece.track[order]) == 0]
        np.add.at(counts, np.clip(intervals, -MAX_LEAP, MAX_LEAP) + MAX_LEAP, 1)
    return counts


def parallel_count(piece: Piece) -> int:
    """How often two voices move in the same direction from one perfect interval to another of the same size."""
    sounding = sounding_pitches(piece)
    before, after = sounding[:-1], sounding[1:]
    is_heard = np.minimum(before, after) != SILENT
    count = 0
    for upper, lower in combinations(range(len(piece.tracks)), 2):
        interval = before[:, upper] - before[:, lower]
        moves = before[:, lower] != after[:, lower]
        is_parallel = (
            moves & (interval == after[:, upper] - after[:, lower]) & np.isin(interval % 12, PERFECT_INTERVALS)
        )
        count += int((is_parallel & is_heard[:, upper] & is_heard[:, lower]).sum())
    return count


def histogram_overlap(one: np.ndarray, other: np.ndarray) -> float:
    """What two histograms share when each is scaled to a sum of 1: 1 for equal ones, 0 for disjoint or empty ones."""
    if one.sum() == 0 or other.sum() == 0:
        return 0.0
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def densities(pieces: Sequence[Piece]) -> dict[str, float]:
    """Averages over all ticks of `pieces`, by name."""
    ticks = max(1, sum(piece.end for piece in pieces))
    voice_ticks = max(1, sum(piece.end * len(piece.tracks) for piece in pieces))
    rests = sum(int((sounding_pitches(piece) == SILENT).sum()) for piece in pieces)
    return {
        "notes a voice and quarter": 4 * sum(map(len, pieces)) / voice_ticks,
        "share of rests": rests / voice_ticks,
        "parallel fifths and octaves per 100 16ths": 100 * sum(map(parallel_count, pieces)) / ticks,
    }


def compare(real: Sequence[Piece], made: Sequence[Piece]) -> dict[str, float]:
    """What the histograms of leaps share (1 is the same), and the densities of both sides."""
    result = {"leaps within a voice, overlap": histogram_overlap(leap_counts(real), leap_counts(made))}
    held_out, samples = densities(real), densities(made)
    for name in held_out:
        result[f"{name}, held out"] = held_out[name]
        result[f"{name}, samples"] = samples[name]
    return result

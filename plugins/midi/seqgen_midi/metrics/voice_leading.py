"""Statistics of pieces in voices, new ones beside held-out ones: rests, leaps, and faults of part-writing.

Each track is a voice that sings one note at a time, and a tick is a 16th.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen_midi.metrics import part_writing
from seqgen_midi.metrics.part_writing import SILENT, sounding_pitches
from seqgen_midi.music.keys import estimate_key
from seqgen_midi.music.piece import Piece

MAX_LEAP = 12
"""Semitones; a wider leap counts as this one."""


def leap_counts(pieces: Sequence[Piece]) -> np.ndarray:
    """Returns how often each melodic interval occurs, from an octave down to an octave up: float[25]."""
    counts = np.zeros(2 * MAX_LEAP + 1)
    for piece in pieces:
        order = np.argsort(piece.track, kind="stable")
        intervals = np.diff(piece.pitch[order])[np.diff(piece.track[order]) == 0]
        np.add.at(counts, np.clip(intervals, -MAX_LEAP, MAX_LEAP) + MAX_LEAP, 1)
    return counts


def histogram_overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the overlap of two histograms that are each scaled to a sum of 1.

    It is 1 for equal ones, and 0 for disjoint or empty ones.
    """
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
        **{f"{name} per 100 16ths": 100 * count / ticks for name, count in fault_counts(pieces).items()},
    }


def fault_counts(pieces: Sequence[Piece]) -> dict[str, int]:
    """Returns how often pieces break each rule of part-writing, by its name."""
    sounding = [sounding_pitches(piece) for piece in pieces]
    augmented = (part_writing.augmented_count(piece, piece.estimated_key()) for piece in pieces)
    return {
        "parallel fifths and octaves": sum(map(part_writing.parallel_count, pieces)),
        "hidden fifths and octaves of soprano and bass": sum(map(part_writing.hidden_count, sounding)),
        "crossed voices": sum(map(part_writing.crossed_ticks, sounding)),
        "upper voices over an octave apart": sum(map(part_writing.wide_ticks, sounding)),
        "augmented melodic steps": sum(augmented),
    }


def shares(pieces: Sequence[Piece]) -> dict[str, float]:
    """Returns the share of soprano leading tones at cadences that do not resolve, and of pieces that close, by name.

    What cannot be measured, such as cadences where there are none, is left out. The key of a piece is estimated without
    a look at its end, because the end is measured.
    """
    found = [(piece, estimate_key(piece.pitch_class_ticks())) for piece in pieces]
    counts = [part_writing.leading_tones(sounding_pitches(piece), key) for piece, key in found]
    leading_tones, unresolved = np.sum(counts, axis=0) if counts else (0, 0)
    result = {}
    if leading_tones:
        result["unresolved leading tones of the soprano"] = float(unresolved / leading_tones)
    if found:
        result["closes"] = float(np.mean([part_writing.closes(piece, key) for piece, key in found]))
    return result


def compare(real: Sequence[Piece], generated: Sequence[Piece]) -> dict[str, float]:
    """Returns what the histograms of leaps share (1 is the same), and the densities and shares of both sides."""
    result = {"leaps within a voice, overlap": histogram_overlap(leap_counts(real), leap_counts(generated))}
    held_out, samples = ({**densities(pieces), **shares(pieces)} for pieces in (real, generated))
    for name in dict.fromkeys([*held_out, *samples]):
        for side, values in (("held out", held_out), ("samples", samples)):
            if name in values:
                result[f"{name}, {side}"] = values[name]
    return result

"""Musical statistics of pieces, new ones beside held-out ones.

The statistics of one piece are those of muspy 0.5 (Dong et al. 2020, "MusPy: a toolkit for symbolic music generation"),
for any meters: pitch class entropy, scale consistency (Mogren 2016), groove consistency (Wu & Yang 2020), polyphony,
polyphony rate, empty bars (Dong et al. 2018), pitch range and number of pitches.

Two sets of pieces are compared by the *overlapped area* of Yang & Lerch (2018, "On the evaluation of generative models
in music"). It says how alike two distributions are: the distances between real pieces and new ones, and the distances
among the real ones. It is near 1 where new pieces differ from real ones as real ones differ from each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import Piece

MAX_PIECES = 200
"""Pieces of each side that are compared: distances are of all pairs."""
POLYPHONY_THRESHOLD = 2
"""More pitches than these at once count in the polyphony rate, as in muspy."""
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
SCALES = np.array(
    [np.isin((np.arange(12) - root) % 12, scale) for scale in (MAJOR, MINOR) for root in range(12)], float
)
"""[24, 12]; which pitch classes each scale has. Minor is the natural one, as in muspy."""
NOTE_LENGTHS = np.array([96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8]) / 24
"""The classes of note lengths in mgeval, in quarters: plain ones, dotted ones and triplets."""
DENSITY_BINS = 500
OF_PITCHES = ("pitch class entropy", "scale consistency", "pitches", "lowest pitch", "highest pitch", "pitch range")
OF_BARS = ("groove consistency", "empty bars")


def piece_statistics(piece: Piece, default_tempo: int) -> dict[str, float]:
    """Returns the statistics of one piece by name; NaN where there is nothing to measure.

    A piece without tempos is played at `default_tempo` quarters a minute. A piece without meters, which was played in
    real time, has no statistics of bars.
    """
    is_tuned = ~piece.is_drum
    seconds = piece.length_in_seconds(default_tempo)
    return {
        **_of_pitches(piece.pitch[is_tuned]),
        **_of_chords(piece),
        **_of_bars(piece),
        "interval": _mean_interval(piece.select(is_tuned)),
        "notes a second": len(piece) / seconds if seconds else np.nan,
    }


def all_statistics(piece: Piece, default_tempo: int) -> dict[str, float]:
    """Returns the statistics of one piece, its shares of scale degrees and of note lengths, and its mean velocity."""
    degrees = {f"scale degree {number}": share for number, share in enumerate(scale_degree_shares(piece).tolist())}
    lengths = {
        f"notes of {length:g} quarters": share
        for length, share in zip(NOTE_LENGTHS.tolist(), note_length_shares(piece).tolist(), strict=True)
    }
    loudness = float(piece.velocity.mean()) if len(piece) else np.nan
    return {**piece_statistics(piece, default_tempo), **degrees, **lengths, "velocity": loudness}


def _of_pitches(pitch: np.ndarray) -> dict[str, float]:
    if not len(pitch):
        return dict.fromkeys(OF_PITCHES, np.nan)
    counts = np.bincount(pitch % 12, minlength=12)
    shares = counts[counts > 0] / len(pitch)
    values = (
        -(shares * np.log2(shares)).sum(), (SCALES @ counts).max() / len(pitch), len(np.unique(pitch)), pitch.min(),
        pitch.max(), np.ptp(pitch),
    )  # fmt: skip
    return {name: float(value) for name, value in zip(OF_PITCHES, values, strict=True)}


def _of_chords(piece: Piece) -> dict[str, float]:
    length, count = pitch_counts(piece)
    heard = length[count > 0].sum()
    return {
        "polyphony": float((length * count).sum() / heard) if heard else np.nan,
        "polyphony rate": float(length[count > POLYPHONY_THRESHOLD].sum() / piece.end) if piece.end else np.nan,
    }


def pitch_counts(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Returns the spans of time in which the same pitches sound, without drums.

    The result is their ticks int[n] and how many pitches sound int[n].

    Two notes of one pitch at a time count once.
    """
    tuned = piece.select(~piece.is_drum)
    start = tuned.start.astype(np.int64)
    end = start + tuned.duration
    # The pitches are laid end to end on one line. Then the latest end so far shows whether a pitch still sounds.
    order = np.lexsort((start, tuned.pitch))
    offset = tuned.pitch[order].astype(np.int64) * (piece.end + 1)
    first, reached = offset + start[order], np.maximum.accumulate(offset + end[order])
    begins = np.flatnonzero(np.append([True], first[1:] > reached[:-1])) if len(first) else np.zeros(0, int)
    ends = np.append(begins[1:], len(first))[: len(begins)] - 1
    changes = np.concatenate([first[begins] - offset[begins], reached[ends] - offset[ends]])
    times, which = np.unique(changes, return_inverse=True)
    count = np.cumsum(np.bincount(which, weights=np.repeat([1, -1], len(begins)), minlength=len(times)))
    return np.diff(times), count[:-1]


def _of_bars(piece: Piece) -> dict[str, float]:
    if not len(piece.meters) or not len(piece):
        return dict.fromkeys(OF_BARS, np.nan)
    lines = np.array(bar_lines(piece))
    if lines[-1] <= piece.end:
        # As in muspy, a note that ends on a bar line is heard in the bar after it.
        lines = np.append(lines, 2 * lines[-1] - lines[-2])
    return dict(zip(OF_BARS, (_groove_consistency(piece, lines), _share_of_empty_bars(piece, lines)), strict=True))


def _groove_consistency(piece: Piece, lines: np.ndarray) -> float:
    """Returns 1 less the share of steps in which the onsets of neighbouring bars of one length differ."""
    lengths = np.diff(lines)
    is_alike = lengths[:-1] == lengths[1:]
    if not is_alike.any():
        return np.nan
    bar = np.searchsorted(lines, piece.start, side="right") - 1
    widest = int(lengths.max())
    onsets = np.unique(bar * widest + piece.start - lines[bar])
    repeated = onsets[np.isin(onsets + widest, onsets)] // widest
    count, common = (np.bincount(bars, minlength=len(lengths)) for bars in (onsets // widest, repeated))
    differing = count[:-1] + count[1:] - 2 * common[:-1]
    return float(1 - differing[is_alike].sum() / lengths[:-1][is_alike].sum())


def _share_of_empty_bars(piece: Piece, lines: np.ndarray) -> float:
    first, last = (
        np.searchsorted(lines, ticks, side="right") - 1 for ticks in (piece.start, piece.start + piece.duration)
    )
    bars = len(lines) - 1
    sounding = np.cumsum(np.bincount(first, minlength=bars + 1) - np.bincount(last + 1, minlength=bars + 1))
    return float((sounding[:bars] == 0).mean())


def _mean_interval(piece: Piece) -> float:
    """Returns the mean interval from a note of a track to its next, in semitones.

    This is the average pitch interval of mgeval.
    """
    order = np.argsort(piece.track, kind="stable")
    intervals = np.abs(np.diff(piece.pitch[order]))[np.diff(piece.track[order]) == 0]
    return float(intervals.mean()) if len(intervals) else np.nan


def scale_degree_shares(piece: Piece) -> np.ndarray:
    """Returns the share of time that each pitch class sounds, counted from the tonic of the estimated key: float[12].

    mgeval counts from C. But a model that is trained in all keys samples in all keys.
    """
    ticks = piece.pitch_class_ticks()
    return np.asarray(np.roll(ticks, -piece.estimated_key().tonic) / max(ticks.sum(), 1))


def note_length_shares(piece: Piece) -> np.ndarray:
    """Returns the share of notes whose length is nearest to each of NOTE_LENGTHS: float[12]."""
    quarters = piece.duration / piece.resolution
    nearest = np.abs(quarters[:, None] - NOTE_LENGTHS).argmin(axis=1)
    return np.asarray(np.bincount(nearest, minlength=len(NOTE_LENGTHS)) / max(len(piece), 1))


def compare(real: Sequence[Piece], generated: Sequence[Piece], default_tempo: int) -> dict[str, float]:
    """Returns the mean of each statistic of both sides, and their overlapped area; the overlapped area of histograms.

    At most MAX_PIECES of each side are looked at. A statistic that cannot be measured on both sides is left out, and so
    is the overlapped area of fewer than two pieces.
    """
    sides = [list(pieces)[:MAX_PIECES] for pieces in (real, generated)]
    measured = [[piece_statistics(piece, default_tempo) for piece in pieces] for pieces in sides]
    result: dict[str, float] = {}
    for name in piece_statistics(_EMPTY_PIECE, default_tempo):
        ours, theirs = (np.array([values[name] for values in side]) for side in measured)
        ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
        if min(len(ours), len(theirs)):
            result[f"{name}, held out"] = float(ours.mean())
            result[f"{name}, samples"] = float(theirs.mean())
        if min(len(ours), len(theirs)) > 1:
            result[f"{name}, overlap"] = overlapped_area(ours[:, None], theirs[:, None])
    if min(map(len, sides)) > 1:
        for name, histogram in (("scale degrees", scale_degree_shares), ("note lengths", note_length_shares)):
            rows = [np.array([histogram(piece) for piece in pieces]) for pieces in sides]
            ours, theirs = (side[side.any(axis=1)] for side in rows)
            if min(len(ours), len(theirs)) > 1:
                result[f"{name}, overlap"] = overlapped_area(ours, theirs)
    return result


_EMPTY_PIECE = Piece.of(1, (), [np.zeros(0)] * 5)


def overlapped_area(real: np.ndarray, generated: np.ndarray) -> float:
    """Returns the area that two densities share: of distances among `real`, and of those from `real` to `generated`.

    real: [n, d], generated: [m, d]; a row for each piece. A density is a sum of Gaussian kernels whose width follows
    Scott's rule. If all distances of one set are equal, the result is the share of the other's that equal them.
    """
    among = distances(real, real)[~np.eye(len(real), dtype=bool)]
    between = distances(real, generated).ravel()
    lowest, highest = min(among.min(), between.min()), max(among.max(), between.max())
    for values, others in ((among, between), (between, among)):
        if np.ptp(values) == 0:
            return float((others == values[0]).mean())
    edges = np.linspace(lowest, highest, DENSITY_BINS + 1)
    one, other = (density(values, edges) for values in (among, between))
    return float(np.minimum(one, other).sum() * (edges[1] - edges[0]))


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the Euclidean distances from each row of one [n, d] to each row of the other [m, d]: [n, m]."""
    return np.asarray(np.linalg.norm(one[:, None] - other, axis=-1))


def density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Returns the density of values [n] in the middle of each bin between edges [bins + 1], by Gaussian kernels."""
    width = values.std(ddof=1) * len(values) ** -0.2
    counts, _ = np.histogram(values, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    kernels = np.exp(-(((middles[:, None] - middles) / width) ** 2) / 2)
    return np.asarray(kernels @ counts / (len(values) * width * np.sqrt(2 * np.pi)))

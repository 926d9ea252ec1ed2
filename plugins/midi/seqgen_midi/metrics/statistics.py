"""Musical statistics of pieces, new ones beside held-out ones.

Of one piece, as muspy 0.5 defines them (Dong et al. 2020, "MusPy: a toolkit for symbolic music generation"), whatever
its meters: pitch class entropy, scale consistency (Mogren 2016), groove consistency (Wu & Yang 2020), polyphony,
polyphony rate, empty bars (Dong et al. 2018), pitch range and number of pitches.

Of two sets of pieces, the *overlapped area* of Yang & Lerch (2018, "On the evaluation of generative models in music"):
how much the distances between real pieces and new ones are distributed like those among the real ones. It is near 1
where the new pieces differ from real ones as these differ from each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen_midi.music.keys import estimate_key
from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import Piece

MOST = 200
"""Pieces a side: distances are of all pairs."""
MANY_PITCHES = 2
"""More than so many at once count in the polyphony rate, as they do in muspy."""
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
SCALES = np.array(
    [np.isin((np.arange(12) - root) % 12, scale) for scale in (MAJOR, MINOR) for root in range(12)], float
)
"""[24, 12]: which pitch classes a scale has; minor is the natural one, as in muspy."""
LENGTHS = np.array([96, 48, 24, 12, 6, 72, 36, 18, 9, 32, 16, 8]) / 24
"""Quarters: the classes of note lengths in mgeval, plain ones, dotted ones and triplets, in a bar of 4/4."""
BINS = 500
"""Of a density; what lies in one bin is taken for its middle."""


def statistics_of(piece: Piece, tempo: int) -> dict[str, float]:
    """The statistics of one piece by name; NaN where there is nothing to measure. `tempo`: where it tells none itself.

    Those of bars are NaN for a piece without meters, which was played in real time.
    """
    tuned = ~piece.is_drum
    pitch = piece.pitch[tuned]
    seconds = piece.length_in_seconds(tempo)
    return {
        **_of_pitches(pitch),
        **_of_chords(piece),
        **_of_bars(piece),
        "interval": _interval(piece, tuned),
        "notes a second": len(piece) / seconds if seconds else np.nan,
    }


def _of_pitches(pitch: np.ndarray) -> dict[str, float]:
    classes = np.bincount(pitch % 12, minlength=12)
    if not len(pitch):
        names = ("pitch class entropy", "scale consistency", "pitches", "lowest pitch", "highest pitch", "pitch range")
        return dict.fromkeys(names, np.nan)
    shares = classes[classes > 0] / len(pitch)
    return {
        "pitch class entropy": float(-(shares * np.log2(shares)).sum()),
        "scale consistency": float((SCALES @ classes).max() / len(pitch)),
        "pitches": float(len(np.unique(pitch))),
        "lowest pitch": float(pitch.min()),
        "highest pitch": float(pitch.max()),
        "pitch range": float(np.ptp(pitch)),
    }


def _of_chords(piece: Piece) -> dict[str, float]:
    lasting, sounding = stretches(piece)
    heard = lasting[sounding > 0].sum()
    return {
        "polyphony": float((lasting * sounding).sum() / heard) if heard else np.nan,
        "polyphony rate": float(lasting[sounding > MANY_PITCHES].sum() / piece.end) if piece.end else np.nan,
    }


def stretches(piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """The stretches of a piece in which the same pitches sound: how many ticks each lasts, and how many pitches.

    Two notes of one pitch at a time are one; drums are left out.
    """
    tuned = ~piece.is_drum
    start, pitch = piece.start[tuned].astype(np.int64), piece.pitch[tuned]
    end = start + piece.duration[tuned]
    # Pitch after pitch on one line, so that what is heard of one follows from the ends so far.
    order = np.lexsort((start, pitch))
    apart = pitch[order].astype(np.int64) * (piece.end + 1)
    first, reached = apart + start[order], np.maximum.accumulate(apart + end[order])
    begins = np.flatnonzero(np.append([True], first[1:] > reached[:-1])) if len(first) else np.zeros(0, int)
    ends = np.append(begins[1:], len(first))[: len(begins)] - 1
    changes = np.concatenate([first[begins] - apart[begins], reached[ends] - apart[ends]])
    steps = np.repeat([1, -1], len(begins))
    times, which = np.unique(changes, return_inverse=True)
    sounding = np.cumsum(np.bincount(which, weights=steps, minlength=len(times)))
    return np.diff(times), sounding[:-1]


def _of_bars(piece: Piece) -> dict[str, float]:
    if not len(piece.meters) or not len(piece):
        return {"groove consistency": np.nan, "empty bars": np.nan}
    lines = np.array(bar_lines(piece))
    if lines[-1] <= piece.end:
        # As in muspy, where the end of a note lies on a bar line there is one more bar, in which the note is heard.
        lines = np.append(lines, 2 * lines[-1] - lines[-2])
    return {"groove consistency": _groove(piece, lines), "empty bars": _empty(piece, lines)}


def _groove(piece: Piece, lines: np.ndarray) -> float:
    """How alike the onsets of neighbouring bars of one length are: 1 less the share of steps in which they differ."""
    lengths = np.diff(lines)
    alike = lengths[:-1] == lengths[1:]
    if not alike.any():
        return np.nan
    bar = np.searchsorted(lines, piece.start, side="right") - 1
    widest = int(lengths.max())
    onsets = np.unique(bar * widest + piece.start - lines[bar])
    again = onsets[np.isin(onsets + widest, onsets)] // widest
    count, common = (np.bincount(bars, minlength=len(lengths)) for bars in (onsets // widest, again))
    differing = count[:-1] + count[1:] - 2 * common[:-1]
    return float(1 - differing[alike].sum() / lengths[:-1][alike].sum())


def _empty(piece: Piece, lines: np.ndarray) -> float:
    """The share of bars in which nothing sounds."""
    first, last = (
        np.searchsorted(lines, ticks, side="right") - 1 for ticks in (piece.start, piece.start + piece.duration)
    )
    bars = len(lines) - 1
    sounding = np.cumsum(np.bincount(first, minlength=bars + 1) - np.bincount(last + 1, minlength=bars + 1))
    return float((sounding[:bars] == 0).mean())


def _interval(piece: Piece, tuned: np.ndarray) -> float:
    """Semitones from one note of a track to its next, on average: mgeval's average pitch interval, over all tracks."""
    order = np.argsort(piece.track[tuned], kind="stable")
    pitch, track = piece.pitch[tuned][order], piece.track[tuned][order]
    steps = np.abs(np.diff(pitch))[np.diff(track) == 0]
    return float(steps.mean()) if len(steps) else np.nan


def degrees(piece: Piece) -> np.ndarray:
    """The share of sounding time that each pitch class has, counted from the tonic of the estimated key: float[12].

    mgeval counts from C; but a model that is trained in all keys draws in all keys.
    """
    durations = piece.pitch_class_ticks()
    return np.roll(durations, -estimate_key(durations).tonic) / max(durations.sum(), 1)


def note_lengths(piece: Piece) -> np.ndarray:
    """The share of notes whose length is nearest to each of LENGTHS: float[12]."""
    quarters = piece.duration / piece.resolution
    nearest = np.abs(quarters[:, None] - LENGTHS).argmin(axis=1)
    return np.bincount(nearest, minlength=len(LENGTHS)) / max(len(piece), 1)


def compare(real: Sequence[Piece], made: Sequence[Piece], tempo: int) -> dict[str, float]:
    """The mean of each statistic of both sides, and the overlapped area; that of histograms too. At most MOST a side.

    What cannot be measured on one piece of each side is left out; so is an overlap, which takes two.
    """
    sides = [list(pieces)[:MOST] for pieces in (real, made)]
    told = [[statistics_of(piece, tempo) for piece in pieces] for pieces in sides]
    result: dict[str, float] = {}
    for name in statistics_of(_NOTHING, tempo):
        ours, theirs = (np.array([values[name] for values in side]) for side in told)
        ours, theirs = ours[~np.isnan(ours)], theirs[~np.isnan(theirs)]
        if min(len(ours), len(theirs)):
            result[f"{name}, held out"] = float(ours.mean())
            result[f"{name}, samples"] = float(theirs.mean())
        if min(len(ours), len(theirs)) > 1:
            result[f"{name}, overlap"] = overlapped_area(ours[:, None], theirs[:, None])
    if min(map(len, sides)) > 1:
        for name, histogram in (("scale degrees", degrees), ("note lengths", note_lengths)):
            rows = [np.array([histogram(piece) for piece in pieces]) for pieces in sides]
            ours, theirs = (side[side.any(axis=1)] for side in rows)
            if min(len(ours), len(theirs)) > 1:
                result[f"{name}, overlap"] = overlapped_area(ours, theirs)
    return result


_NOTHING = Piece.of(1, (), [np.zeros(0)] * 5)


def overlapped_area(real: np.ndarray, made: np.ndarray) -> float:
    """What the densities of two sets of distances share: those among `real`, and those from `real` to `made`.

    real: [n, d], made: [m, d]; a row is what was measured of a piece. Each density is a sum of Gaussian kernels whose
    width follows Scott's rule; where all distances of one set are the same, what counts is the share of the other's
    that are too.
    """
    among = distances(real, real)[~np.eye(len(real), dtype=bool)]
    between = distances(real, made).ravel()
    lowest, highest = min(among.min(), between.min()), max(among.max(), between.max())
    for point, others in ((among, between), (between, among)):
        if np.ptp(point) == 0:
            return float((others == point[0]).mean())
    edges = np.linspace(lowest, highest, BINS + 1)
    one, other = (density(values, edges) for values in (among, between))
    return float(np.minimum(one, other).sum() * (edges[1] - edges[0]))


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Euclidean, from each row of one [n, d] to each of the other [m, d]: [n, m]."""
    return np.linalg.norm(one[:, None] - other, axis=-1)


def density(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The density of values [n] in the middle of each bin between edges [bins + 1], by Gaussian kernels."""
    width = values.std(ddof=1) * len(values) ** -0.2
    counts, _ = np.histogram(values, edges)
    middles = (edges[:-1] + edges[1:]) / 2
    kernels = np.exp(-(((middles[:, None] - middles) / width) ** 2) / 2)
    return kernels @ counts / (len(values) * width * np.sqrt(2 * np.pi))

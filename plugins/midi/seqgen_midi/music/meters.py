"""Bars on a grid: which meters there are, where bars begin, and which tempos a bar can have."""

from __future__ import annotations

import numpy as np

from seqgen import UnusableFile
from seqgen_midi.music.piece import Piece, begins, rounded

# Eighths in a bar, the commonest meter first: where not all meters fit into a grammar, the first ones are kept.
METERS = {
    "4/4": 8, "3/4": 6, "2/4": 4, "6/8": 6, "2/2": 8, "1/4": 2, "12/8": 12, "5/4": 10, "3/8": 3, "9/8": 9, "6/4": 12,
    "7/8": 7, "5/8": 5, "3/2": 12, "7/4": 14, "1/8": 1,
}  # fmt: skip
METER_NAMES = tuple(METERS)
EIGHTHS = np.array([*METERS.values()])
FRACTIONS = np.array([[int(number) for number in name.split("/")] for name in METERS])
MOST_BARS = 5000

TEMPOS = np.array(
    [*range(20, 60, 2), *range(60, 72, 3), *range(72, 120, 4), *range(120, 144, 6), *range(144, 208, 8),
     *range(208, 312, 12)]
)  # fmt: skip
"""Quarters a minute: the marks of a metronome (Maelzel's scale), and on in its manner to 304."""


def steps_of(meter: int | np.ndarray, resolution: int) -> np.ndarray:
    """Grid steps in a bar of a meter (an index into METERS), at `resolution` steps a quarter, which is even."""
    return EIGHTHS[meter] * resolution // 2


class Cells:
    """The steps of bars, counted through all lengths of bar that there are: what a grammar says about time.

    lengths:  int[lengths]; steps in a bar of each length. Meters as long as each other share one.
    of_meter: int[meters]; which length a meter has.
    first:    int[lengths]; the first cell of each length.
    length, step: int[cells]; the steps in the cell's bar, and which of them it is.
    """

    def __init__(self, resolution: int) -> None:
        self.lengths, self.of_meter = np.unique(steps_of(np.arange(len(METERS)), resolution), return_inverse=True)
        self.first = np.cumsum(self.lengths) - self.lengths
        self.length = np.repeat(self.lengths, self.lengths)
        self.step = np.arange(len(self.length)) - np.repeat(self.first, self.lengths)

    def __len__(self) -> int:
        return len(self.length)


def starts_of(meters: np.ndarray, resolution: int) -> np.ndarray:
    """The first steps of bars that follow one another: int[bars]."""
    lengths = steps_of(meters, resolution)
    return np.cumsum(lengths) - lengths


def bars_of(piece: Piece, resolution: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """The bars up to the one that holds the step `last`: their first steps int[bars], and meters int[bars].

    A change of meter waits for the next bar line; one to a meter that METERS has not is passed over, so that bars go on
    as they were. Notes are never moved by it. Raises UnusableFile for more than MOST_BARS.
    """
    starts, meters = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    names = [f"{numerator}/{denominator}" for _, numerator, denominator in piece.meters.tolist()]
    changes = [
        (int(rounded(tick * resolution, piece.resolution)), METER_NAMES.index(name))
        for tick, name in zip(piece.meters[:, 0].tolist(), names, strict=True)
        if name in METERS
    ]
    step, meter = 0, 0
    for change, following in [*changes, (last + 1, 0)]:
        length = int(steps_of(meter, resolution))
        count = max(0, -(-(min(change, last + 1) - step) // length))
        if sum(map(len, starts)) + count > MOST_BARS:
            raise UnusableFile(f"longer than {MOST_BARS} bars")
        starts.append(step + length * np.arange(count))
        meters.append(np.full(count, meter))
        step, meter = step + length * count, following
    return np.concatenate(starts), np.concatenate(meters)


def meter_map(starts: np.ndarray, meters: np.ndarray) -> np.ndarray:
    """The changes of meter among bars as a piece holds them: [k, 3] of step, numerator, denominator."""
    changed = np.flatnonzero(begins(meters))
    return np.column_stack([starts[changed], FRACTIONS[meters[changed]]])


def tempos_of(piece: Piece, starts: np.ndarray, meters: np.ndarray, resolution: int) -> np.ndarray:
    """The tempo of each bar, an index into TEMPOS: the mark nearest (in ratio) to the mean over the bar."""
    lengths = steps_of(meters, resolution)
    ticks = np.concatenate([starts, starts[-1:] + lengths[-1:]]) * piece.resolution / resolution
    quarters_a_minute = 60 * lengths / resolution / np.maximum(np.diff(piece.seconds(ticks)), 1e-9)
    return nearest_tempo(quarters_a_minute)


def nearest_tempo(quarters_a_minute: np.ndarray) -> np.ndarray:
    """The index into TEMPOS of the mark that lies nearest in ratio."""
    between = np.log(TEMPOS[1:]) / 2 + np.log(TEMPOS[:-1]) / 2
    return np.searchsorted(between, np.log(quarters_a_minute))


def tempo_map(starts: np.ndarray, tempos: np.ndarray) -> np.ndarray:
    """The changes of tempo among bars as a piece holds them: [k, 2] of step, microseconds a quarter."""
    changed = np.flatnonzero(begins(tempos))
    return np.column_stack([starts[changed], 60_000_000 // TEMPOS[tempos[changed]]])


def bar_lines(piece: Piece) -> list[int]:
    """The ticks at which bars begin, and where the last one ends. A change of meter begins a bar wherever it stands."""
    changes = {
        tick: 4 * piece.resolution * beats // unit for tick, beats, unit in piece.meters.tolist() if beats and unit
    }
    lines, tick, length = [0], 0, 4 * piece.resolution
    for following in [*sorted(changes), max(piece.end, 1)]:
        while tick < following:
            tick += length
            lines.append(tick)
        if following in changes:
            tick, length = following, max(1, changes[following])
            lines = [line for line in lines if line < tick] + [tick]
    while tick < piece.end:
        tick += length
        lines.append(tick)
    return lines if len(lines) > 1 else [0, length]


def first_number(lines: list[int]) -> int:
    """The number of the first bar: 0 for a pickup, which is shorter than the bar that follows it."""
    return 0 if len(lines) > 2 and lines[1] - lines[0] < lines[2] - lines[1] else 1

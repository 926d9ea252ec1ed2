"""Bars on the grid of an encoding: where they begin, how long they are, and their tempos."""

from __future__ import annotations

import numpy as np

from seqgen import UnusableFile
from seqgen.grammar import TransitionTable
from seqgen_midi.music.meters import METERS, bar_quarters, parse_meter
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece, is_new, round_half_up
from seqgen_midi.music.tempos import TEMPOS, nearest_tempo

MAX_BARS = 5000
FRACTIONS = np.array([parse_meter(name) for name in METERS])
EIGHTHS = np.array([int(2 * bar_quarters(name)) for name in METERS])


class BarCells:
    """The steps of bars of all lengths, numbered through: what a grammar knows of time.

    A cell is a step in a bar of one length. Meters of the same length share their cells.

    lengths:         int[L]; the steps in a bar of each length
    length_of_meter: int[meters]; the index of each meter's length
    first:           int[L]; the first cell of each length
    length, step:    int[cells]; the steps in the cell's bar, and the cell's step in it
    """

    def __init__(self, resolution: int) -> None:
        steps = bar_steps(np.arange(len(METERS)), resolution)
        self.lengths, self.length_of_meter = np.unique(steps, return_inverse=True)
        self.first = np.cumsum(self.lengths) - self.lengths
        self.length = np.repeat(self.lengths, self.lengths)
        self.step = np.arange(len(self.length)) - np.repeat(self.first, self.lengths)

    def __len__(self) -> int:
        return len(self.length)

    def allow_positions(
        self, rules: TransitionTable, positions: np.ndarray, bars: np.ndarray, at: np.ndarray, *after: np.ndarray
    ) -> None:
        """Adds the rules of `positions`, the ids of the steps of a bar in order, each of which leads to its cell.

        bars:  int[L]; in the state after the beginning of a bar, by its length, any position of the bar may come
        at:    int[cells]; the state after a position, by its cell
        after: int[cells] each; in these states a later position of the bar may come
        """
        for number, length in enumerate(self.lengths):
            rules.allow(bars[number], positions[:length], at[self.first[number] + np.arange(length)])
        steps = np.arange(len(positions))
        is_later = (steps > self.step[:, None]) & (steps < self.length[:, None])
        target = at[0] + (np.arange(len(self)) - self.step)[:, None] + steps
        for states in after:
            rules.allow(states, positions, target, is_later)


def bar_steps(meter: np.ndarray, resolution: int) -> np.ndarray:
    """The steps in a bar of each meter (an index into METERS), at an even number of steps in a quarter."""
    return np.asarray(EIGHTHS[meter] * resolution // 2)


def bar_starts(meters: np.ndarray, resolution: int) -> np.ndarray:
    """The first steps of bars that follow one another: int[bars]."""
    lengths = bar_steps(meters, resolution)
    return np.asarray(np.cumsum(lengths) - lengths)


def bars_of(piece: Piece, resolution: int, last_step: int) -> tuple[np.ndarray, np.ndarray]:
    """The first steps int[bars] and the meters int[bars] of all bars up to the one that holds `last_step`.

    A change of meter waits for the next bar line. A change to a meter that METERS does not have is ignored, so the bars
    go on as before. Notes are never moved. Raises UnusableFile for more than MAX_BARS.
    """
    starts, meters = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    names = [f"{numerator}/{denominator}" for _, numerator, denominator in piece.meters.tolist()]
    changes = [
        (int(round_half_up(tick * resolution, piece.resolution)), METERS.index(name))
        for tick, name in zip(piece.meters[:, 0].tolist(), names, strict=True)
        if name in METERS
    ]
    step, meter = 0, 0
    for change, following in [*changes, (last_step + 1, 0)]:
        length = int(EIGHTHS[meter]) * resolution // 2
        count = max(0, -(-(min(change, last_step + 1) - step) // length))
        if sum(map(len, starts)) + count > MAX_BARS:
            raise UnusableFile(f"longer than {MAX_BARS} bars")
        starts.append(step + length * np.arange(count))
        meters.append(np.full(count, meter))
        step, meter = step + length * count, following
    return np.concatenate(starts), np.concatenate(meters)


def meter_map(starts: np.ndarray, meters: np.ndarray) -> np.ndarray:
    """The changes of meter as a piece holds them: [k, 3] of step, numerator, denominator."""
    changed = np.flatnonzero(is_new(meters))
    return np.column_stack([starts[changed], FRACTIONS[meters[changed]]])


def tempos_of_bars(piece: Piece, starts: np.ndarray, meters: np.ndarray, resolution: int) -> np.ndarray:
    """The index into TEMPOS of the mark nearest to the mean tempo of each bar: int[bars]."""
    lengths = bar_steps(meters, resolution)
    ticks = np.concatenate([starts, starts[-1:] + lengths[-1:]]) * piece.resolution / resolution
    return nearest_tempo(60 * lengths / resolution / np.maximum(np.diff(piece.seconds(ticks)), 1e-9))


def tempo_map(starts: np.ndarray, tempos: np.ndarray) -> np.ndarray:
    """The changes of tempo as a piece holds them: [k, 2] of step, microseconds in a quarter."""
    changed = np.flatnonzero(is_new(tempos))
    return np.column_stack([starts[changed], MICROSECONDS_PER_MINUTE // TEMPOS[tempos[changed]]])

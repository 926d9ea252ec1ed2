"""Bars on the grid of an encoding: where they begin, how long they are, and their tempos."""

from __future__ import annotations

import numpy as np

from seqgen import UnusableFile
from seqgen.grammar import TransitionTable
from seqgen_midi.music.meters import COMMON_METERS, METERS, bar_quarters, equal_meter, meters_on_grid, parse_meter
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece, as_rows, is_new, round_half_up
from seqgen_midi.music.tempos import TEMPOS, nearest_tempo

MAX_BARS = 5000
NUMERATORS, DENOMINATORS = np.array([parse_meter(name) for name in METERS]).T
SIXTEENTHS = np.array([int(4 * bar_quarters(name)) for name in METERS])


class BarCells:
    """The steps of bars of all lengths, numbered through: what a grammar knows of time.

    A cell is a step in a bar of one length. Meters of the same length share their cells.

    lengths:         int[L]; the steps in a bar of each length
    length_of_meter: int[meters]; the index of each meter's length, for `meters_on_grid`
    first:           int[L]; the first cell of each length
    length, step:    int[cells]; the steps in the cell's bar, and the cell's step in it
    state_class:     int[cells]; the number of what a model sees of each cell. A cell in a bar of an uncommon length,
                     which few pieces have, looks like the same step of a longer bar.
    class_count:     how many such numbers there are
    """

    def __init__(self, resolution: int) -> None:
        steps = bar_steps(np.arange(len(meters_on_grid(resolution))), resolution)
        self.lengths, self.length_of_meter = np.unique(steps, return_inverse=True)
        self.first = np.cumsum(self.lengths) - self.lengths
        self.length = np.repeat(self.lengths, self.lengths)
        self.step = np.arange(len(self.length)) - np.repeat(self.first, self.lengths)
        common = np.unique(self.length_of_meter[: len(COMMON_METERS)])
        longer = np.where(self.step < self.lengths[common[-1]], self.first[common[-1]], self.first[-1]) + self.step
        seen = np.where(np.isin(self.length, self.lengths[common]), np.arange(len(self.length)), longer)
        numbers, self.state_class = np.unique(seen, return_inverse=True)
        self.class_count = len(numbers)

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
    """Returns the steps in a bar of each meter, an index into `meters_on_grid`."""
    return np.asarray(SIXTEENTHS[meter] * resolution // 4)


def bar_starts(meters: np.ndarray, resolution: int) -> np.ndarray:
    """Returns the first steps of bars that follow one another: int[bars]."""
    lengths = bar_steps(meters, resolution)
    return np.asarray(np.cumsum(lengths) - lengths)


def bars_of(piece: Piece, resolution: int, last_step: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first steps int[bars] and the meters int[bars] of all bars up to the one that holds `last_step`.

    A time signature begins a bar wherever it stands, at the nearest step. It has the first meter of its length: 4/8
    counts as 2/4. A bar that the next time signature cuts short has the first meter of its own length. Notes are never
    moved. Raises UnusableFile for a bar whose length no meter has, and for more than MAX_BARS.
    """
    names = meters_on_grid(resolution)
    starts: list[np.ndarray] = []
    meters: list[np.ndarray] = []
    changes = {0: (4, 4)}
    for tick, numerator, denominator in piece.meters.tolist():
        changes[int(round_half_up(tick * resolution, piece.resolution))] = (numerator, denominator)
    steps = sorted(step for step in changes if step <= last_step)
    count = 0
    for step, end in zip(steps, [*steps[1:], None], strict=True):
        meter = equal_meter(*changes[step], names)
        if meter is None:
            raise UnusableFile("bars of {}/{}, which the grid does not have".format(*changes[step]))
        length = int(bar_quarters(meter) * resolution)
        full, rest = divmod((last_step if end is None else end) - step, length)
        count += full + 1
        if count > MAX_BARS:
            raise UnusableFile(f"longer than {MAX_BARS} bars")
        starts.append(step + length * np.arange(full + (end is None or rest > 0)))
        meters.append(np.full(len(starts[-1]), METERS.index(meter)))
        if end is not None and rest:
            cut = equal_meter(rest, 4 * resolution, names)
            if cut is None:
                raise UnusableFile("a bar that is cut short at a length that no time signature has")
            meters[-1][-1] = METERS.index(cut)
    return np.concatenate(starts), np.concatenate(meters)


def meter_map(starts: np.ndarray, meters: np.ndarray) -> np.ndarray:
    """Returns the changes of meter as a piece holds them: [k, 3] of step, numerator, denominator."""
    changed = np.flatnonzero(is_new(meters))
    return as_rows(starts[changed], NUMERATORS[meters[changed]], DENOMINATORS[meters[changed]])


def tempos_of_bars(piece: Piece, starts: np.ndarray, meters: np.ndarray, resolution: int) -> np.ndarray:
    """Returns the index into TEMPOS of the mark nearest to the mean tempo of each bar: int[bars]."""
    lengths = bar_steps(meters, resolution)
    ticks = np.concatenate([starts, starts[-1:] + lengths[-1:]]) * piece.resolution / resolution
    return nearest_tempo(60 * lengths / resolution / np.maximum(np.diff(piece.seconds(ticks)), 1e-9))


def tempo_map(starts: np.ndarray, tempos: np.ndarray) -> np.ndarray:
    """Returns the changes of tempo as a piece holds them: [k, 2] of step, microseconds in a quarter."""
    changed = np.flatnonzero(is_new(tempos))
    return as_rows(starts[changed], MICROSECONDS_PER_MINUTE // TEMPOS[tempos[changed]])

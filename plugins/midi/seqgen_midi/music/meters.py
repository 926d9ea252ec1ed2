"""Time signatures, and where bars begin in a piece."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from seqgen_midi.music.piece import Piece

COMMON_METERS = (
    "4/4", "3/4", "2/4", "6/8", "2/2", "1/4", "12/8", "5/4", "3/8", "9/8", "6/4", "7/8", "5/8", "3/2", "7/4", "1/8"
)  # fmt: skip
METERS = (*COMMON_METERS, "4/2", "11/8", "3/16", "1/16", "9/16", "5/16", "7/16", "11/16", "13/16", "15/16")
"""The time signatures that encodings have tokens for, the commonest first. Each is a whole number of 16ths."""


def parse_meter(name: str) -> tuple[int, int]:
    """Returns the numerator and the denominator of a time signature such as "3/4"."""
    numerator, denominator = map(int, name.split("/"))
    return numerator, denominator


def bar_quarters(name: str) -> float:
    """Returns the quarters in a bar of a time signature."""
    numerator, denominator = parse_meter(name)
    return 4 * numerator / denominator


@functools.cache
def meters_on_grid(resolution: int) -> tuple[str, ...]:
    """Returns the METERS whose bars are a whole number of steps, at so many steps in a quarter."""
    return tuple(name for name in METERS if (bar_quarters(name) * resolution).is_integer())


def equal_meter(numerator: int, denominator: int, names: Sequence[str] = METERS) -> str | None:
    """Returns the time signature itself if it is in `names`, or the first with bars of the same length.

    For 4/8 that is "2/4". Returns None if there is none.
    """
    name = f"{numerator}/{denominator}"
    same = (each for each in names if bar_quarters(each) * denominator == 4 * numerator)
    return name if name in names else next(same, None)


def meter_at(piece: Piece, tick: int) -> tuple[int, int]:
    """Returns the numerator and the denominator of the time signature at a tick."""
    rows = piece.meters[piece.meters[:, 0] <= tick]
    return (int(rows[-1, 1]), int(rows[-1, 2])) if len(rows) else (4, 4)


def bar_lines(piece: Piece, end: int = 0) -> list[int]:
    """Returns the ticks at which bars begin, and then the tick at which the last bar ends.

    The last bar ends after the last note and after `end`.

    A time signature begins a bar wherever it stands.
    """
    end = max(end, piece.end)
    changes = {
        tick: 4 * piece.resolution * beats // unit for tick, beats, unit in piece.meters.tolist() if beats and unit
    }
    lines, tick, length = [0], 0, 4 * piece.resolution
    for following in [*sorted(changes), max(end, 1)]:
        while tick < following:
            tick += length
            lines.append(tick)
        if following in changes:
            tick, length = following, max(1, changes[following])
            lines = [line for line in lines if line < tick] + [tick]
    while tick < end:
        tick += length
        lines.append(tick)
    return lines if len(lines) > 1 else [0, length]


def has_pickup(lines: list[int]) -> bool:
    """Whether the first bar of `bar_lines` is a pickup (anacrusis), which is shorter than the bar after it."""
    return begins_with_pickup(np.diff(lines[:3]))


def begins_with_pickup(lengths: np.ndarray) -> bool:
    """Whether the first of bars with these lengths, in any unit, is a pickup."""
    return len(lengths) > 1 and bool(lengths[0] < lengths[1])


def first_bar_number(lines: list[int]) -> int:
    """Returns the number of the first bar of `bar_lines`: 0 for a pickup, else 1."""
    return 0 if has_pickup(lines) else 1


def counts_beats(piece: Piece) -> bool:
    """Whether most of a piece is in 1/4: its file counts beats and does not say where bars begin."""
    ticks = np.append(piece.meters[:, 0], max(piece.end, 1))
    lengths = np.maximum(np.diff(np.minimum(ticks, piece.end)), 0)
    is_one_beat = (piece.meters[:, 1] == 1) & (piece.meters[:, 2] == 4)
    return bool(2 * lengths[is_one_beat].sum() > piece.end)


def in_meter(piece: Piece, name: str) -> np.ndarray:
    """Returns the time signatures of a piece, with those of 1/4 in another meter: int32[k, 3]."""
    meters = piece.meters.copy()
    meters[(meters[:, 1] == 1) & (meters[:, 2] == 4), 1:] = parse_meter(name)
    return meters

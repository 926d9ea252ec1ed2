"""The item of every encoding but the chorale's: a piece of music as arrays of notes, its times in ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Track:
    """Who plays.

    program: General MIDI programme from 0.
    drums:   the drum kit instead.
    name:    for people; it may be empty.
    part:    tells tracks of one programme apart, from 0; what is read from a file leaves that to their order.
    """

    program: int = 0
    drums: bool = False
    name: str = ""
    part: int = 0


@dataclass(frozen=True, eq=False)
class Piece:
    """Notes of any number of tracks. All arrays are int32; notes are in ascending order of their start.

    resolution: ticks a quarter.
    tracks:     who plays; `track` points into it.
    start, duration, pitch, velocity, track: one entry a note: ticks, ticks (at least 1), MIDI pitch, 1 … 127, index.
    tempos:     [k, 2]: tick, microseconds a quarter. Before the first, or without any: 120 quarters a minute.
    meters:     [k, 3]: tick, numerator, denominator. Before the first, or without any: 4/4.
    chords:     [k, 3]: tick, pitch class of the root, index into `chords.KINDS`.
    """

    resolution: int
    tracks: tuple[Track, ...]
    start: np.ndarray
    duration: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    track: np.ndarray
    tempos: np.ndarray = field(default_factory=partial(np.zeros, (0, 2), np.int32))
    meters: np.ndarray = field(default_factory=partial(np.zeros, (0, 3), np.int32))
    chords: np.ndarray = field(default_factory=partial(np.zeros, (0, 3), np.int32))

    @classmethod
    def of(cls, resolution: int, tracks: Sequence[Track], notes: Sequence[np.ndarray], **maps: Any) -> Piece:
        """A piece of five columns of notes (start, duration, pitch, velocity, track) and maps by name, as int32."""
        tables = {name: np.asarray(rows, np.int32).reshape(len(rows), -1) for name, rows in maps.items() if len(rows)}
        return cls(resolution, tuple(tracks), *(np.asarray(column, np.int32) for column in notes), **tables)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def notes(self) -> tuple[np.ndarray, ...]:
        """The columns of the notes: start, duration, pitch, velocity, track."""
        return self.start, self.duration, self.pitch, self.velocity, self.track

    @property
    def end(self) -> int:
        """The tick at which the last note has ended."""
        return int((self.start + self.duration).max(initial=0))

    @property
    def drums(self) -> np.ndarray:
        """bool[notes]: whether the drum kit plays it."""
        return np.array([track.drums for track in self.tracks], bool)[self.track]

    def elapsed(self, ticks: np.ndarray) -> np.ndarray:
        """The time of each tick by the tempo map, in units of 1 / (1 000 000 · resolution) seconds: exact for int64."""
        changes = np.concatenate([[[0, 500_000]], self.tempos]).astype(np.int64)
        before = np.concatenate([[0], np.cumsum(np.diff(changes[:, 0]) * changes[:-1, 1])])
        last = np.searchsorted(changes[:, 0], ticks, side="right") - 1
        return before[last] + (ticks - changes[last, 0]) * changes[last, 1]

    def seconds(self, ticks: np.ndarray) -> np.ndarray:
        """The time of each tick in seconds: float64."""
        return self.elapsed(ticks) / (1e6 * self.resolution)

    def heard_at(self, ticks: np.ndarray, tempo: int) -> np.ndarray:
        """The time of each tick in seconds, at `tempo` quarters a minute unless the piece tells its own: float64."""
        return self.seconds(ticks) if len(self.tempos) else ticks * (60 / self.resolution / tempo)

    def lasts(self, tempo: int) -> float:
        """Seconds until the last note has ended, at `tempo` quarters a minute unless the piece tells its own."""
        return float(self.heard_at(np.array(self.end), tempo))


def begins(values: np.ndarray) -> np.ndarray:
    """bool[n]: whether each of int[n] differs from the one before it, as the first does."""
    differs = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def in_order(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Columns of notes (start, duration, pitch, velocity, track) by start, then track, pitch, duration, velocity."""
    start, duration, pitch, velocity, track = columns
    # Notes come nearly in order, and hardly ever does more than this tell two apart: then one sort is soon done.
    place = (start.astype(np.int64) * (int(track.max(initial=0)) + 1) + track) * 128 + pitch
    order = np.argsort(place, kind="stable")
    if not begins(place[order]).all():
        order = np.lexsort((velocity, duration, place))
    return tuple(column[order] for column in columns)


def rounded(numerator: np.ndarray | int, denominator: int) -> Any:
    """The nearest whole number to a fraction, halves upward, in exact arithmetic (int64)."""
    return (2 * np.asarray(numerator, np.int64) + denominator) // (2 * denominator)

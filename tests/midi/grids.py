"""Four-part pieces as a test writes them down: a meter, a pickup, and a column of four codes for each 16th."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from seqgen_midi.music.piece import Piece, Track

HOLD, REST = -1, -2
NAMES = ("Soprano", "Alto", "Tenor", "Bass")
BARS = {"4/4": 16, "3/4": 12, "3/2": 24, "2/4": 8, "6/8": 12, "2/2": 16, "12/8": 24, "6/4": 24}


@dataclass(frozen=True)
class Note:
    """A note of one voice: its first 16th, the 16th where it has ended, and its MIDI pitch."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Grid:
    """Four voices on a grid of 16ths.

    meter:  such as "4/4"
    pickup: 16ths before the first full bar
    grid:   one tuple for each 16th, the soprano's code first: a MIDI pitch where a note begins, HOLD or REST
    """

    meter: str
    pickup: int
    grid: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, piece: Piece) -> Grid:
        """The grid of a piece in 16ths, which ends where its last note ends."""
        assert piece.resolution == 4
        assert tuple(track.name for track in piece.tracks) == NAMES
        codes = [[REST] * 4 for _ in range(piece.end)]
        for start, duration, pitch, _, voice in zip(*(column.tolist() for column in piece.notes), strict=True):
            for column in range(start, start + duration):
                assert codes[column][voice] == REST
                codes[column][voice] = HOLD
            codes[start][voice] = pitch
        pickup, *meter = piece.meters[-1].tolist()
        return cls("{}/{}".format(*meter), pickup, tuple(map(tuple, codes)))

    def piece(self) -> Piece:
        """The same as a piece."""
        rows = sorted(
            (note.start, voice, note.pitch, note.end - note.start) for voice in range(4) for note in self.notes(voice)
        )
        start, voice, pitch, duration = np.array(rows).reshape(-1, 4).T
        beats, unit = map(int, self.meter.split("/"))
        meters = [(self.pickup, beats, unit)]
        if self.pickup:
            divisor = gcd(self.pickup, 4)
            meters.insert(0, (0, self.pickup // divisor, 16 // divisor))
        tracks = [Track(52, name=name) for name in NAMES]
        return Piece.of(4, tracks, [start, duration, pitch, np.full(len(start), 84), voice], meters=meters)

    @property
    def bar(self) -> int:
        """16ths in a full bar."""
        return BARS[self.meter]

    def array(self) -> np.ndarray:
        """The grid as int[columns, 4]."""
        return np.array(self.grid, int).reshape(-1, 4)

    def notes(self, voice: int) -> list[Note]:
        """The notes of one voice in order."""
        found: list[Note] = []
        for column, codes in enumerate(self.grid):
            if codes[voice] >= 0:
                found.append(Note(column, column + 1, codes[voice]))
            elif codes[voice] == HOLD:
                assert found[-1].end == column
                found[-1] = Note(found[-1].start, column + 1, found[-1].pitch)
        return found

    def bar_lines(self) -> list[int]:
        """The columns at which full bars begin."""
        return list(range(self.pickup, len(self.grid), self.bar))

    def bar_of(self, column: int) -> int:
        """The number of the bar that a column lies in: 1 is the first full one, 0 the pickup."""
        return (column - self.pickup) // self.bar + 1

"""A piece of music as arrays of notes: what is read from files, encoded, decoded and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from seqgen_midi.music.chords import QUALITIES
from seqgen_midi.music.keys import Key, estimate_key, key_of_ending

MICROSECONDS_PER_MINUTE = 60_000_000
ROOT_POSITION_TRIADS = ({0, 4, 7}, {0, 3, 7}, {0, 4}, {0, 3})
"""The semitones above the lowest note of a triad that stands on its root, perhaps without its fifth."""
MAX_MEAN_VOICES = 1.5
"""How many notes of one voice may sound at once, on average."""


@dataclass(frozen=True)
class Track:
    """The player of some notes.

    program:  General MIDI program, from 0
    is_drums: whether it is the drum kit; then the program means nothing
    name:     for people; it may be empty
    part:     distinguishes tracks of one program, from 0. Readers leave it at 0.
    """

    program: int = 0
    is_drums: bool = False
    name: str = ""
    part: int = 0


@dataclass(frozen=True, eq=False)
class Piece:
    """Notes of any number of tracks. All arrays are int32, and notes are in the order of their starts.

    resolution: ticks in a quarter
    tracks:     the players; `track` holds indices into them
    start:      [n], in ticks
    duration:   [n], in ticks, at least 1
    pitch:      [n], MIDI pitch
    velocity:   [n], 1 … 127
    track:      [n]
    tempos:     [k, 2], tick and microseconds in a quarter; before the first row: 120 quarters a minute
    meters:     [k, 3], tick, numerator and denominator of each time signature; before the first row: 4/4
    chords:     [k, 3], tick, pitch class of the root and index into `chords.QUALITIES`
    key:        the key that a file declares, or that was asked for; None if it has to be estimated
    pedals:     [k, 3], the track, the tick at which its sustain pedal goes down, and the tick at which it comes up
    omitted:    how many things of each kind a reader left out, by a name for people
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
    key: Key | None = None
    pedals: np.ndarray = field(default_factory=partial(np.zeros, (0, 3), np.int32))
    omitted: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        resolution: int,
        tracks: Sequence[Track],
        notes: Sequence[np.ndarray],
        *,
        key: Key | None = None,
        omitted: Mapping[str, int] | None = None,
        **maps: Any,
    ) -> Piece:
        """Returns a piece from the columns start, duration, pitch, velocity and track, its key and its maps.

        The maps are given by their names.
        """
        tables: dict[str, Any] = {
            name: np.asarray(rows, np.int32).reshape(len(rows), -1) for name, rows in maps.items() if len(rows)
        }
        start, duration, pitch, velocity, track = (np.asarray(column, np.int32) for column in notes)
        return cls(
            resolution, tuple(tracks), start, duration, pitch, velocity, track, **tables, key=key, omitted=omitted or {}
        )

    def __len__(self) -> int:
        return len(self.start)

    @property
    def notes(self) -> tuple[np.ndarray, ...]:
        """The columns of the notes: start, duration, pitch, velocity, track."""
        return self.start, self.duration, self.pitch, self.velocity, self.track

    @property
    def end(self) -> int:
        """The tick at which the last note ends."""
        return int((self.start + self.duration).max(initial=0))

    @property
    def is_drum(self) -> np.ndarray:
        """Whether the drum kit plays each note: bool[n]."""
        is_drums = np.array([track.is_drums for track in self.tracks], bool)
        return np.take(is_drums, self.track)

    def select(self, chosen: np.ndarray) -> Piece:
        """Returns the piece with the notes `chosen` bool[n] alone."""
        names = ("start", "duration", "pitch", "velocity", "track")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})

    def sustained(self) -> Piece:
        """Returns the piece without pedals, in which notes that end while the pedal is down sound on.

        They end when the pedal comes up, or when their key is struck again.
        """
        if not len(self.pedals):
            return self
        end = self.start + self.duration
        for track in np.flatnonzero(np.bincount(self.pedals[:, 0])):
            down, up = self.pedals[self.pedals[:, 0] == track, 1:].T
            mine = np.flatnonzero(self.track == track)
            released = end[mine]
            # Before the pedal goes down for the first time, the index is −1 and the tick 0.
            sounds_until = np.append(up, 0)[np.searchsorted(down, released) - 1]
            # NumPy sorts bytes in linear time, and a stable sort keeps the order of the starts.
            order = np.argsort(self.pitch[mine].astype(np.uint8), kind="stable")
            mine, sounds_until = mine[order], sounds_until[order]
            struck_again = np.flatnonzero(~is_new(self.pitch[mine]))
            before = struck_again - 1
            sounds_until[before] = np.minimum(sounds_until[before], self.start[mine[struck_again]])
            end[mine] = np.maximum(released[order], sounds_until)
        return replace(self, duration=end - self.start, pedals=self.pedals[:0])

    def exact_time(self, ticks: np.ndarray) -> np.ndarray:
        """Returns the time of each tick in units of 1 / (1 000 000 · resolution) seconds, which are exact: int64."""
        changes = np.concatenate([[[0, 500_000]], self.tempos]).astype(np.int64)
        before = np.concatenate([[0], np.cumsum(np.diff(changes[:, 0]) * changes[:-1, 1])])
        last = np.searchsorted(changes[:, 0], ticks, side="right") - 1
        return np.asarray(before[last] + (ticks - changes[last, 0]) * changes[last, 1])

    def seconds(self, ticks: np.ndarray, default_tempo: int | None = None) -> np.ndarray:
        """Returns the time of each tick in seconds: float64.

        A piece without tempos is played at `default_tempo` quarters a minute, or at MIDI's 120 where that is None.
        """
        if default_tempo is None or len(self.tempos):
            return self.exact_time(ticks) / (1e6 * self.resolution)
        return ticks * (60 / self.resolution / default_tempo)

    def length_in_seconds(self, default_tempo: int | None = None) -> float:
        """Returns the time at which the last note ends, in seconds; see `seconds` for `default_tempo`."""
        return float(self.seconds(np.array(self.end), default_tempo))

    def declared_or_estimated_key(self) -> Key:
        """Returns the key of the piece."""
        return self.key or self.estimated_key()

    def estimated_key(self) -> Key:
        """Returns the key that the notes seem to be in; see `keys.estimate_key`."""
        return estimate_key(self.pitch_class_ticks(), self.final_pitch_class())

    def key_with_ending(self) -> Key:
        """Returns the key that the notes seem to be in; where the last chord is a triad, the key on its root.

        A last note on the root of the last chord symbol counts as a triad, too.
        """
        if len(self.chords) and self.final_pitch_class() == self.chords[-1, 1]:
            steps = list(QUALITIES.values())[self.chords[-1, 2]]
            return key_of_ending(self.pitch_class_ticks(), int(self.chords[-1, 1]), 3 if 3 in steps else 4)
        tuned = self.select(~self.is_drum)
        last = tuned.pitch[tuned.start + tuned.duration == tuned.end]
        for root in np.sort(last) % 12:
            steps = set(((last - root) % 12).tolist())
            if steps in ROOT_POSITION_TRIADS:
                return key_of_ending(self.pitch_class_ticks(), int(root), 4 if 4 in steps else 3)
        return self.estimated_key()

    def final_pitch_class(self) -> int | None:
        """Returns the pitch class that the piece ends on, without drums.

        That is the last note of one voice, or the root of a triad, perhaps without its fifth, in the bass. None for
        silence and for many voices that end otherwise, because such music often stops where it begins again.
        """
        tuned = ~self.is_drum
        if not tuned.any():
            return None
        start, duration, pitch = self.start[tuned], self.duration[tuned], self.pitch[tuned]
        end = start + duration
        last = pitch[end == end.max()]
        steps = set(((last - last.min()) % 12).tolist())
        is_one_voice = duration.sum() < MAX_MEAN_VOICES * (end.max() - start.min())
        return int(last.min()) % 12 if is_one_voice or steps in ROOT_POSITION_TRIADS else None

    def pitch_class_ticks(self) -> np.ndarray:
        """Returns how many ticks each pitch class sounds, without drums: float[12]."""
        tuned = ~self.is_drum
        return np.bincount(self.pitch[tuned] % 12, weights=self.duration[tuned], minlength=12)


def as_rows(*columns: np.ndarray) -> np.ndarray:
    """Columns int[n] as rows: int[n, columns]. `np.column_stack` takes ten times as long for short columns."""
    return np.array(columns).T


def is_new(values: np.ndarray) -> np.ndarray:
    """Whether each of int[n] differs from the one before it: bool[n]; the first one does."""
    differs = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs


def sort_notes(*columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Returns the columns start, duration, pitch, velocity and track, sorted.

    The order is that of start, track, pitch, duration, velocity.

    Notes usually come nearly sorted, and few have the same start, track and pitch. So all notes are sorted by these
    three, and only those few also by duration and velocity.
    """
    start, duration, pitch, velocity, track = columns
    place = (start.astype(np.int64) * (int(track.max(initial=0)) + 1) + track) * 128 + pitch
    order = np.argsort(place, kind="stable")
    differs = np.append(is_new(place[order]), True)
    is_tied = ~(differs[:-1] & differs[1:])
    tied = order[is_tied]
    order[is_tied] = tied[np.lexsort((velocity[tied], duration[tied], place[tied]))]
    return tuple(column[order] for column in columns)


def round_half_up(numerator: np.ndarray | int, denominator: int) -> Any:
    """Returns the nearest integer to a fraction, halves upward, exactly: int64."""
    return (2 * np.asarray(numerator, np.int64) + denominator) // (2 * denominator)

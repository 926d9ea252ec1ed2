"""Played music in real time: `shift:12 pitch:60 velocity:20 duration:37 …`, after Oore et al. (2018).

Time passes in steps of 10 ms, at most a second in one token. Oore et al. end a note by an event of its own, which a
model can forget. Here a note carries its duration, so no note can hang. Pitches do not fall at one time. A shift or a
duration of more than a second is written as full seconds and then the rest, so a performance has one document.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen.grammar import Budget, TransitionTable
from seqgen_midi.encodings.base import Encoding, document_from
from seqgen_midi.encodings.registry import register
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable
from seqgen_midi.music.piece import Piece, Track, round_half_up, sort_notes
from seqgen_midi.music.velocities import bin_centres, velocity_bins

STEPS_PER_SECOND = 100
"""Also the most steps of one token."""
MAX_STEPS, MAX_MEAN_VOICES = 6 * 3600 * STEPS_PER_SECOND, 40
"""The length of the longest performance, and how many notes may sound in it on average: about a million tokens."""
RESOLUTION, MICROSECONDS_PER_QUARTER = 50, 500_000
"""Of the pieces of this encoding: a tick is a step."""


@register
class Performance(Encoding):
    """All notes but the drums, as one player plays them. Who plays which note is lost."""

    name = "performance"
    summary = "in real time, as played"
    default_options: ClassVar[Mapping[str, int]] = {"velocity_bins": 32}
    has_bars = False
    has_sustain = True

    def __init__(self, **options: int) -> None:
        super().__init__(**options)
        self.velocity_bins = self.options["velocity_bins"]
        steps = range(1, STEPS_PER_SECOND + 1)
        self.table = TokenTable(
            shift=Kind(Role.TIME, steps),
            pitch=Kind(Role.NOTE, range(128)),
            velocity=Kind(Role.MODIFIER, bin_centres(self.velocity_bins), varies=True),
            duration=Kind(Role.MODIFIER, steps),
        )

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Starts and ends to the nearest 10 ms, each note at least so long; raises UnusableFile for drums alone."""
        played = piece.select(self.plays(piece)).sustained()
        if not len(played):
            raise UnusableFile("nothing but drums")
        start, end = (
            round_half_up(piece.exact_time(ticks), piece.resolution * 1_000_000 // STEPS_PER_SECOND)
            for ticks in (played.start, played.start + played.duration)
        )
        velocity = bin_centres(self.velocity_bins)[velocity_bins(played.velocity, self.velocity_bins)]
        duration = np.maximum(end - start, 1)
        if max(int(start.max()), int(duration.sum()) // MAX_MEAN_VOICES) > MAX_STEPS:
            raise UnusableFile(f"longer than {MAX_STEPS // STEPS_PER_SECOND // 3600} hours")
        return self._piece(sort_notes(start, duration, played.pitch, velocity, np.zeros_like(start)))

    def plays(self, piece: Piece) -> np.ndarray:
        return ~piece.is_drum

    def _piece(self, notes: tuple[np.ndarray, ...]) -> Piece:
        return Piece.of(RESOLUTION, [Track(name="Piano")], notes, tempos=[(0, MICROSECONDS_PER_QUARTER)])

    def tokens(self, piece: Piece) -> np.ndarray:
        gap = np.diff(piece.start, prepend=0)
        full_shifts, shift = np.divmod(gap - 1, STEPS_PER_SECOND)
        full_durations, duration = np.divmod(piece.duration - 1, STEPS_PER_SECOND)
        first, one = self.table.first, np.ones(len(piece), np.int64)
        rows = np.column_stack(
            [
                (first("shift") + STEPS_PER_SECOND - 1) * one,
                first("shift") + shift,
                first("pitch") + piece.pitch,
                first("velocity") + velocity_bins(piece.velocity, self.velocity_bins),
                (first("duration") + STEPS_PER_SECOND - 1) * one,
                first("duration") + duration,
            ]
        )
        counts = np.column_stack([np.maximum(full_shifts, 0), gap > 0, one, one, full_durations, one])
        return np.repeat(rows.ravel(), counts.ravel())

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        now = self._times(ids)
        lasted = np.cumsum(np.where(table.of_kind("duration")[ids], table.value[ids] + 1, 0))
        notes = np.flatnonzero(table.of_kind("pitch")[ids])
        duration = np.append(lasted[notes[1:]], lasted[-1:])[: len(notes)] - lasted[notes]
        notes, duration = notes[duration > 0], duration[duration > 0]
        velocity = bin_centres(self.velocity_bins)[table.value[ids[notes + 1]]]
        return self._piece((now[notes], duration, table.value[ids[notes]], velocity, np.zeros_like(notes)))

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the document from the first note or shift on. A note of the prompt may go on sounding before."""
        rest = ids[prompt_length:]
        return document_from(rest, self.table.of_role(Role.NOTE, Role.TIME)[rest])

    def seconds_budget(self, seconds: float) -> Budget:
        """Shifts cost their steps; the last note begins within the last of the seconds.

        An automaton would need 515 states for each 10 ms.
        """
        cost = np.zeros(len(self.vocabulary), np.int32)
        cost[self.table.ids("shift")] = range(1, STEPS_PER_SECOND + 1)
        maximum = max(0, round(seconds * STEPS_PER_SECOND) - 1)
        return Budget(cost, max(0, maximum - STEPS_PER_SECOND + 1), maximum)

    def density_mask(self, ids: np.ndarray, density: tuple[int, int]) -> np.ndarray:
        """Returns the tokens that may follow `ids`: bool[V].

        A second of the clock that is over has the minimum of notes. No second has more than the maximum. An automaton
        would need a copy of its 515 states for each 10 ms of a second and each number of notes.
        """
        minimum, maximum = density
        table, counts = self.table, self._notes_a_second(ids)
        place = int(self._times(ids)[-1]) % STEPS_PER_SECOND
        shift = np.arange(1, STEPS_PER_SECOND + 1)
        # A shift that stays within the second is followed by a note. One of a whole second never stays within it.
        may_shift = np.where(place + shift < STEPS_PER_SECOND, counts[-1] < maximum, counts[-1] >= minimum)
        allowed = np.ones(len(table.vocabulary), bool)
        allowed[table.ids("shift")] = may_shift
        allowed[table.ids("pitch")] = counts[-1] < maximum
        return allowed

    def has_density(self, ids: np.ndarray, density: tuple[int, int]) -> bool:
        counts = self._notes_a_second(ids)
        return bool((counts <= density[1]).all() and (counts[:-1] >= density[0]).all())

    def _times(self, ids: np.ndarray) -> np.ndarray:
        """Returns the time after each id of a document, in steps: int[n]."""
        return np.cumsum(np.where(self.table.of_kind("shift")[ids], self.table.value[ids] + 1, 0))

    def _notes_a_second(self, ids: np.ndarray) -> np.ndarray:
        """Returns how many notes begin in each second of a document up to now: int[seconds]."""
        second = self._times(ids) // STEPS_PER_SECOND
        return np.bincount(second[self.table.of_kind("pitch")[ids]], minlength=int(second[-1]) + 1)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; after a shift, after a full one; by pitch, after it, its velocity, its duration."""
        table, keys = self.table, np.arange(128)
        shifted, full = 1, 2
        pitch, velocity, ended, going_on = (3 + 128 * part + keys for part in range(4))
        rules = TransitionTable(3 + 4 * 128, len(self.vocabulary))
        after_note = np.concatenate([ended, going_on])
        rules.allow(np.concatenate([[0, full], after_note]), table.ids("shift")[:-1], shifted)
        rules.allow(np.concatenate([[0, full], after_note]), table.ids("shift")[-1], full)
        rules.allow(np.array([0, shifted, full]), table.ids("pitch"), pitch)
        rules.allow(after_note, table.ids("pitch"), pitch, keys >= np.tile(keys, 2)[:, None])
        rules.allow(pitch, table.ids("velocity"), velocity[:, None])
        for states in (velocity, going_on):
            rules.allow(states, table.ids("duration")[:-1], ended[:, None])
            rules.allow(states, table.ids("duration")[-1], going_on[:, None])
        rules.allow(after_note, EOS, 0)
        return rules.grammar(np.concatenate([[0, 1, 2], np.repeat([3, 4, 5, 6], 128)]))

"""Played music in real time: `shift:12 pitch:60 velocity:20 duration:37 …`, after Oore et al. (2018).

Time passes in steps of 10 ms, at most a second in one token. Oore et al. end a note by an event of its own, which a
model can forget. Here a note carries its duration, so no note can hang. Pitches do not fall at one time. A shift or a
duration of more than a second is written as full seconds and then the rest, so a performance has one document.

Notes end when the sustain pedal releases them. Or, with `pedal_tokens`, they end when their key is released, and the
pedal is written too: `pedal:down` and `pedal:up`, before the notes of the same time. A pedal that is still down at the
last note is not written. What it holds has the duration that sounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
    default_options: ClassVar[Mapping[str, int]] = {"velocity_bins": 32, "pedal_tokens": 0}
    has_bars = False
    has_sustain = True

    def __init__(self, **options: int) -> None:
        super().__init__(**options)
        self.velocity_bins, self.pedal_tokens = self.options["velocity_bins"], bool(self.options["pedal_tokens"])
        pedal = {"pedal": Kind(Role.PEDAL, ("down", "up"), varies=True)} if self.pedal_tokens else {}
        steps = range(1, STEPS_PER_SECOND + 1)
        self.table = TokenTable(
            shift=Kind(Role.TIME, steps),
            pitch=Kind(Role.NOTE, range(128)),
            velocity=Kind(Role.MODIFIER, bin_centres(self.velocity_bins), varies=True),
            duration=Kind(Role.MODIFIER, steps),
            **pedal,
        )

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Starts and ends to the nearest 10 ms, each note at least so long; raises UnusableFile for drums alone.

        Players who do not share one pedal have no pedal tokens, so their notes end when the pedals release them.
        """
        played = piece.select(self.plays(piece))
        if not len(played):
            raise UnusableFile("nothing but drums")
        played = with_one_pedal(played) if self.pedal_tokens else played.sustained()
        start, end, down, up = (
            round_half_up(piece.exact_time(ticks), piece.resolution * 1_000_000 // STEPS_PER_SECOND)
            for ticks in (played.start, played.start + played.duration, *played.pedals[:, 1:].T)
        )
        velocity = bin_centres(self.velocity_bins)[velocity_bins(played.velocity, self.velocity_bins)]
        duration = np.maximum(end - start, 1)
        if max(int(start.max()), int(duration.sum()) // MAX_MEAN_VOICES) > MAX_STEPS:
            raise UnusableFile(f"longer than {MAX_STEPS // STEPS_PER_SECOND // 3600} hours")
        pedals = np.column_stack([down, up])[(down < up) & (up <= start.max())]
        return self._piece(sort_notes(start, duration, played.pitch, velocity, np.zeros_like(start)), pedals)

    def plays(self, piece: Piece) -> np.ndarray:
        return ~piece.is_drum

    def _piece(self, notes: tuple[np.ndarray, ...], pedals: np.ndarray) -> Piece:
        """Returns the piece of some notes, and of pedals int[k, 2] that go down and come up at these steps."""
        rows = np.column_stack([np.zeros(len(pedals), int), pedals])
        tempos = [(0, MICROSECONDS_PER_QUARTER)]
        return Piece.of(RESOLUTION, [Track(name="Piano")], notes, tempos=tempos, pedals=rows)

    def tokens(self, piece: Piece) -> np.ndarray:
        full_durations, duration = np.divmod(piece.duration - 1, STEPS_PER_SECOND)
        first, one = self.table.first, np.ones(len(piece), np.int64)
        rows = np.column_stack(
            [
                first("pitch") + piece.pitch,
                first("velocity") + velocity_bins(piece.velocity, self.velocity_bins),
                (first("duration") + STEPS_PER_SECOND - 1) * one,
                first("duration") + duration,
            ]
        )
        time, counts = piece.start, np.column_stack([one, one, full_durations, one])
        if len(piece.pedals):
            time, rows, counts = self._with_pedals(piece, rows, counts)
        gap = np.diff(time, prepend=0)
        full_shifts, shift = np.divmod(gap - 1, STEPS_PER_SECOND)
        last_shift = np.full(len(time), first("shift") + STEPS_PER_SECOND - 1)
        rows = np.column_stack([last_shift, first("shift") + shift, rows])
        counts = np.column_stack([np.maximum(full_shifts, 0), gap > 0, counts])
        return np.repeat(rows.ravel(), counts.ravel())

    def _with_pedals(
        self, piece: Piece, rows: np.ndarray, counts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the times int[n], tokens int[n, 4] and counts int[n, 4] of notes, with those of pedals between them.

        At one time a pedal comes up, then goes down, and then notes begin.
        """
        down, up = piece.pedals[:, 1:].T
        down, up = down[down <= piece.start[-1]], up[up <= piece.start[-1]]
        times = (up, down, piece.start)
        kind = np.repeat([0, 1, 2], [len(each) for each in times])
        time = np.concatenate(times)
        tokens = np.zeros((len(up) + len(down), rows.shape[1]), rows.dtype)
        tokens[:, 0] = np.where(kind[: len(tokens)] == 0, 1, 0) + self.table.first("pedal")
        once = np.tile(np.arange(rows.shape[1]) == 0, (len(tokens), 1))
        order = np.lexsort((kind, time))
        return time[order], np.concatenate([tokens, rows])[order], np.concatenate([once, counts])[order]

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        now = self._times(ids)
        lasted = np.cumsum(np.where(table.of_kind("duration")[ids], table.value[ids] + 1, 0))
        notes = np.flatnonzero(table.of_kind("pitch")[ids])
        duration = np.append(lasted[notes[1:]], lasted[-1:])[: len(notes)] - lasted[notes]
        notes, duration = notes[duration > 0], duration[duration > 0]
        velocity = bin_centres(self.velocity_bins)[table.value[ids[notes + 1]]]
        columns = (now[notes], duration, table.value[ids[notes]], velocity, np.zeros_like(notes))
        changes = np.flatnonzero(table.of_kind("pedal")[ids])
        is_down = table.value[ids[changes]] == 0
        down, up = now[changes[is_down]], now[changes[~is_down]]
        return self._piece(columns, np.column_stack([down[: len(up)], up]))

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns the document from the first note, shift or pedal on.

        A note of the prompt may go on sounding before. A pedal that is down goes down there.
        """
        table, rest = self.table, ids[prompt_length:]
        document = document_from(rest, table.of_role(Role.NOTE, Role.TIME, Role.PEDAL)[rest])
        changes = ids[: len(ids) - len(document) + 1]
        changes = changes[table.of_kind("pedal")[changes]]
        if not len(changes) or table.value[changes[-1]] != 0 or len(document) < 2 or document[1] == EOS:
            return document
        if document[1] == changes[-1] + 1:
            return np.delete(document, 1)
        return np.insert(document, 1, changes[-1])

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
        """States: the start, and two sets of states with `pedal_tokens`, for a pedal that is up or down.

        States of a set: after a shift, after a full one; by pitch, after it, its velocity, its duration; after a change
        of the pedal.
        """
        table, keys = self.table, np.arange(128)
        sets = 1 + self.pedal_tokens
        size = 2 + 4 * 128 + self.pedal_tokens
        rules = TransitionTable(1 + sets * size, len(self.vocabulary))
        for number in range(sets):
            shifted = 1 + number * size
            full, changed = shifted + 1, shifted + size - 1
            pitch, velocity, ended, going_on = (full + 1 + 128 * part + keys for part in range(4))
            after_note = np.concatenate([ended, going_on])
            waiting = [full, *([changed] if self.pedal_tokens else []), *([0] if number == 0 else [])]
            before_shift = np.concatenate([waiting, after_note])
            rules.allow(before_shift, table.ids("shift")[:-1], shifted)
            rules.allow(before_shift, table.ids("shift")[-1], full)
            rules.allow(np.array([*waiting, shifted]), table.ids("pitch"), pitch)
            rules.allow(after_note, table.ids("pitch"), pitch, keys >= np.tile(keys, 2)[:, None])
            rules.allow(pitch, table.ids("velocity"), velocity[:, None])
            for states in (velocity, going_on):
                rules.allow(states, table.ids("duration")[:-1], ended[:, None])
                rules.allow(states, table.ids("duration")[-1], going_on[:, None])
            rules.allow(after_note, EOS, 0)
            if self.pedal_tokens:
                # A pedal that comes up may go down at the same time, but not the other way about.
                before_change = [shifted, full, *([0, changed] if number == 0 else [])]
                other = 1 + (1 - number) * size + size - 1
                rules.allow(np.array(before_change), table.ids("pedal")[number], other)
        classes = np.concatenate([[1, 2], np.repeat([3, 4, 5, 6], 128), [7] * self.pedal_tokens])
        return rules.grammar(np.concatenate([[0], *(classes + number * 7 for number in range(sets))]))


def with_one_pedal(piece: Piece) -> Piece:
    """Returns a piece whose players share one pedal, which is that of the first; otherwise a piece without pedals.

    What sounds under a pedal that is down at the last note sounds until it comes up.
    """
    players = np.unique(piece.track)
    pedals = [piece.pedals[piece.pedals[:, 0] == player, 1:] for player in players]
    if not all(np.array_equal(pedals[0], other) for other in pedals):
        return piece.sustained()
    shared = np.column_stack([np.zeros(len(pedals[0]), np.int32), pedals[0]])
    is_last = piece.pedals[:, 2] > piece.start.max()
    held = replace(piece, pedals=piece.pedals[is_last]).sustained()
    return replace(held, pedals=shared)

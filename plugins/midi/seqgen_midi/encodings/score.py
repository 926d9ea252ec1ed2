"""Scores of many tracks, in the manner of REMI (Huang & Yang, 2020):

    bar:4/4 tempo:120 position:0 program:0 pitch:60 velocity:82 duration:12 drum:36 velocity:98 position:6 …

Every bar has its time signature and its tempo, so that neither depends on tokens far back. A note says its
General MIDI program, and `part:2` where it is played by a second track of that program. Notes of the drum kit are
`drum` tokens without a duration. Positions rise within a bar. A duration above that of the longest token is written as
so many of the longest and then the rest. So a piece has one document, but for the order of the notes at one position:
files are read in the order of program, part and pitch, with the kit last, and a piece keeps its order. (An automaton
that knew the last program and pitch would have millions of states.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen.grammar import TransitionTable
from seqgen_midi.encodings.bars import BarCells, bar_starts, bars_of, meter_map, tempo_map, tempos_of_bars
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.registry import register
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable
from seqgen_midi.music.meters import meters_on_grid
from seqgen_midi.music.piece import Piece, Track, is_new, round_half_up, sort_notes
from seqgen_midi.music.tempos import TEMPOS
from seqgen_midi.music.velocities import bin_centres, velocity_bins

MAX_TOKEN_QUARTERS = 8
"""The quarters of the longest duration token."""
MAX_FULL_DURATIONS = 1_000_000
"""How many of the longest duration token a piece may need."""
MAX_PARTS = 16
KIT = 128 * MAX_PARTS
"""Players are numbered program · MAX_PARTS + part; the drum kit comes after all of them."""


@register
class Score(Encoding):
    """All tracks of a piece."""

    name = "score"
    summary = "all tracks, bar by bar"
    has_sustain = True
    default_options: ClassVar[Mapping[str, int]] = {"resolution": 12, "velocity_bins": 32, "parts": 4}

    def __init__(self, **options: int) -> None:
        super().__init__(**options)
        self.resolution, self.velocity_bins, self.parts = (
            self.options[name] for name in ("resolution", "velocity_bins", "parts")
        )
        self.max_duration = MAX_TOKEN_QUARTERS * self.resolution
        self.cells = BarCells(self.resolution)
        self.table = TokenTable(
            bar=Kind(Role.BAR, meters_on_grid(self.resolution)),
            tempo=Kind(Role.TEMPO, TEMPOS, varies=True),
            position=Kind(Role.TIME, range(self.cells.lengths.max())),
            program=Kind(Role.PLAYER, range(128)),
            part=Kind(Role.PLAYER, range(2, self.parts + 1)),
            pitch=Kind(Role.NOTE, range(128)),
            drum=Kind(Role.NOTE, range(128)),
            velocity=Kind(Role.MODIFIER, bin_centres(self.velocity_bins), varies=True),
            duration=Kind(Role.MODIFIER, range(1, self.max_duration + 1)),
        )

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Starts and durations to the nearest step, at least one; hits of the kit last one step.

        A bar has the tempo mark nearest to its mean tempo. Tracks of one program beyond the last part join that part,
        and all drum tracks are one.
        """
        piece = piece.sustained()
        start, duration = (
            round_half_up(ticks.astype(np.int64) * self.resolution, piece.resolution)
            for ticks in (piece.start, piece.duration)
        )
        duration = np.where(piece.is_drum, 1, np.maximum(duration, 1))
        if int(duration.sum()) > MAX_FULL_DURATIONS * self.max_duration:
            raise UnusableFile("notes that hardly end")
        velocity = bin_centres(self.velocity_bins)[velocity_bins(piece.velocity, self.velocity_bins)]
        notes = sort_notes(start, duration, piece.pitch, velocity, self._players(piece)[piece.track])
        starts, meters = bars_of(piece, self.resolution, int(start.max()))
        quantised = self._piece(notes, starts, meters, tempos_of_bars(piece, starts, meters, self.resolution))
        return self._with_names(quantised, piece) if is_prompt else quantised

    def _with_names(self, quantised: Piece, piece: Piece) -> Piece:
        """Returns the quantised piece with the names of its tracks.

        A melody is recognised by its name, and names are no tokens.
        """
        names = dict(reversed(list(zip(self._players(piece).tolist(), piece.tracks, strict=True))))
        players = [KIT if track.is_drums else track.program * MAX_PARTS + track.part for track in quantised.tracks]
        tracks = [
            replace(track, name=names[player].name) for player, track in zip(players, quantised.tracks, strict=True)
        ]
        return replace(quantised, tracks=tuple(tracks))

    def _players(self, piece: Piece) -> np.ndarray:
        """Returns the player of each track with notes, in their order: program · MAX_PARTS + part, or KIT."""
        counts: Counter[int] = Counter()
        players = []
        for track, notes in zip(piece.tracks, np.bincount(piece.track, minlength=len(piece.tracks)), strict=True):
            part = min(counts[track.program], self.parts - 1)
            players.append(KIT if track.is_drums else track.program * MAX_PARTS + part)
            counts[track.program] += bool(notes and not track.is_drums)
        return np.array(players)

    def _piece(
        self, notes: tuple[np.ndarray, ...], starts: np.ndarray, meters: np.ndarray, tempos: np.ndarray
    ) -> Piece:
        """Returns the piece of notes whose fifth column are players, and of bars with their meters and tempos."""
        plays = np.bincount(notes[4], minlength=KIT + 1) > 0
        track = (np.cumsum(plays) - 1)[notes[4]]
        tracks = [
            Track(is_drums=True) if player == KIT else Track(player // MAX_PARTS, part=player % MAX_PARTS)
            for player in np.flatnonzero(plays).tolist()
        ]
        columns = (*notes[:4], track)
        meter_rows, tempo_rows = meter_map(starts, meters), tempo_map(starts, tempos)
        return Piece.of(self.resolution, tracks, columns, meters=meter_rows, tempos=tempo_rows)

    def tokens(self, piece: Piece) -> np.ndarray:
        starts, meters = bars_of(piece, self.resolution, int(piece.start[-1]))
        tempos = tempos_of_bars(piece, starts, meters, self.resolution)
        bar = np.searchsorted(starts, piece.start, side="right") - 1
        players = np.array([(track.program, track.part) for track in piece.tracks])
        program, part = np.take(players.T, piece.track, axis=1)
        is_drum = piece.is_drum
        full, rest = np.divmod(piece.duration - 1, self.max_duration)
        first = self.table.first
        # The tokens that a note can have, each with how often it has it.
        columns = (
            (first("position") + piece.start - starts[bar], is_new(piece.start)),
            (first("program") + program, ~is_drum),
            (first("part") + part - 1 if self.parts > 1 else 0, ~is_drum & (part > 0)),
            (np.where(is_drum, first("drum"), first("pitch")) + piece.pitch, 1),
            (first("velocity") + velocity_bins(piece.velocity, self.velocity_bins), 1),
            (first("duration") + self.max_duration - 1, np.where(is_drum, 0, full)),
            (first("duration") + rest, ~is_drum),
        )
        # One row for each bar and each note, in order; the row of a bar has the tokens of its meter and its tempo.
        numbers = np.arange(len(starts))
        bar_rows, note_rows = np.searchsorted(bar, numbers) + numbers, np.arange(len(piece)) + bar + 1
        rows, counts = np.zeros((2, len(piece) + len(starts), len(columns)), np.int32)
        for column, (tokens, times) in enumerate(columns):
            rows[note_rows, column], counts[note_rows, column] = tokens, times
        rows[bar_rows, 0], rows[bar_rows, 1] = first("bar") + meters, first("tempo") + tempos
        counts[bar_rows, :2] = 1
        return np.repeat(rows.ravel(), counts.ravel())

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        value = table.value[ids]
        of = {name: table.of_kind(name)[ids] for name in table.kinds}
        tempos = value[of["tempo"]]
        meters = value[of["bar"]][: len(tempos)]
        starts = bar_starts(meters, self.resolution)
        notes = np.flatnonzero(of["pitch"] | of["drum"])
        lasted = np.cumsum(np.where(of["duration"], value + 1, 0))
        duration = np.append(lasted[notes[1:]], lasted[-1:])[: len(notes)] - lasted[notes]
        is_drum = of["drum"][notes]
        complete = np.where(is_drum, notes + 1 < len(ids), duration > 0)
        notes, duration, is_drum = notes[complete], np.where(is_drum, 1, duration)[complete], is_drum[complete]
        start = starts[np.cumsum(of["bar"])[notes] - 1] + value[table.last_position(ids, "position")[notes]]
        part = np.where(of["part"][notes - 1], value[notes - 1] + 1, 0)
        player = np.where(is_drum, KIT, value[table.last_position(ids, "program")[notes]] * MAX_PARTS + part)
        velocity = bin_centres(self.velocity_bins)[value[notes + 1]]
        return self._piece((start, duration, value[notes], velocity, player), starts, meters, tempos)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; by length of bar, after the bar and its tempo; by cell, after each kind of token in it."""
        cells, table = self.cells, self.table
        size, lengths = len(cells), len(cells.lengths)
        bar, tempo = 1 + np.arange(lengths), 1 + lengths + np.arange(lengths)
        at, program, part, pitch, drum, velocity, ended, going_on = (
            1 + 2 * lengths + size * number + np.arange(size) for number in range(8)
        )
        rules = TransitionTable(int(going_on[-1]) + 1, len(self.vocabulary))
        after_note = np.concatenate([ended, going_on])
        rules.allow(np.concatenate([[0], tempo, after_note]), table.ids("bar"), bar[cells.length_of_meter])
        rules.allow(bar, table.ids("tempo"), tempo[:, None])
        cells.allow_positions(rules, table.ids("position"), tempo, at, ended, going_on)
        for states in (at, ended, going_on):
            rules.allow(states, table.ids("program"), program[:, None])
            rules.allow(states, table.ids("drum"), drum[:, None])
        rules.allow(program, table.ids("part"), part[:, None])
        rules.allow(program, table.ids("pitch"), pitch[:, None])
        rules.allow(part, table.ids("pitch"), pitch[:, None])
        rules.allow(pitch, table.ids("velocity"), velocity[:, None])
        rules.allow(drum, table.ids("velocity"), ended[:, None])
        for states in (velocity, going_on):
            rules.allow(states, table.ids("duration")[:-1], ended[:, None])
            rules.allow(states, table.ids("duration")[-1], going_on[:, None])
        rules.allow(after_note, EOS, 0)
        return rules.grammar(np.concatenate([[0], bar, tempo, np.tile(at[0] + cells.state_class, 8)]))

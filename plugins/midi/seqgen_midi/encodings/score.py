"""Scores of many tracks, in the manner of REMI (Huang & Yang, 2020):

    bar:4/4 tempo:120 position:0 program:0 pitch:60 velocity:82 duration:12 drum:36 velocity:98 position:6 …

Every bar says its time signature and its tempo, so neither hangs on what was said long ago. A note says who plays it: a
General MIDI programme, and `part:2` where a second track has the same one; notes of the drum kit are `drum` tokens and
have no duration. Positions rise within a bar. A duration above the longest token's is as many of those as it takes and
then the rest. So a piece has one document, but for the order of the notes at one position: files are read by programme,
part and pitch, the kit last, and a piece keeps the order that it has. (An automaton that also knew the last programme
and pitch would have millions of states.)
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen_midi.encodings.automata import Rules
from seqgen_midi.encodings.base import PieceEncoding, transposed
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.meters import (
    METERS,
    TEMPOS,
    Cells,
    bars_of,
    meter_map,
    nearest_tempo,
    starts_of,
    tempo_map,
    tempos_of,
)
from seqgen_midi.music.piece import Piece, Track, begins, in_order, rounded
from seqgen_midi.music.velocities import bins_of, centres

RESOLUTION, VELOCITY_BINS, PARTS = 12, 32, 4
LONGEST = 8
"""Quarters of the longest duration token."""
MOST_FULL = 1_000_000
"""So many of the longest duration token a piece may need."""
MOST_PARTS = 16
KIT = 128 * MOST_PARTS
"""Tracks are told apart by programme · MOST_PARTS + part; the drum kit comes after all of them."""


class Score(PieceEncoding):
    """All tracks of a piece."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.resolution = settings.resolution or RESOLUTION
        self.bins = settings.velocity_bins or VELOCITY_BINS
        self.parts = settings.parts or PARTS
        self.longest = LONGEST * self.resolution
        self.cells = Cells(self.resolution)
        self.table = TokenTable(
            {
                "bar": METERS,
                "tempo": TEMPOS,
                "position": range(self.cells.lengths.max()),
                "program": range(128),
                "part": range(2, self.parts + 1),
                "pitch": range(128),
                "drum": range(128),
                "velocity": centres(self.bins),
                "duration": range(1, self.longest + 1),
            }
        )
        self.vocabulary = self.table.vocabulary

    def quantise(self, piece: Piece) -> Piece:
        """Starts and durations to the nearest step, at least one; hits of the kit last one step.

        The tempo of a bar is the nearest mark to its mean. Tracks of one programme beyond the last part told apart join
        that part; drum tracks are one.
        """
        start, duration = (
            rounded(ticks.astype(np.int64) * self.resolution, piece.resolution)
            for ticks in (piece.start, piece.duration)
        )
        duration = np.where(piece.drums, 1, np.maximum(duration, 1))
        if int(duration.sum()) > MOST_FULL * self.longest:
            raise UnusableFile("notes that hardly end")
        velocity = centres(self.bins)[bins_of(piece.velocity, self.bins)]
        player = self.players(piece)[piece.track]
        notes = in_order(start, duration, piece.pitch, velocity, player)
        starts, meters = bars_of(piece, self.resolution, int(start.max()))
        return self.piece_of(notes, starts, meters, tempos_of(piece, starts, meters, self.resolution))

    def players(self, piece: Piece) -> np.ndarray:
        """The number of each track of a piece that was read: programme · MOST_PARTS + part, in their order, or KIT.

        Tracks without notes count for nothing.
        """
        seen: Counter[int] = Counter()
        players = []
        for track, notes in zip(piece.tracks, np.bincount(piece.track, minlength=len(piece.tracks)), strict=True):
            part = min(seen[track.program], self.parts - 1)
            players.append(KIT if track.drums else track.program * MOST_PARTS + part)
            seen[track.program] += bool(notes and not track.drums)
        return np.array(players)

    def piece_of(
        self, notes: tuple[np.ndarray, ...], starts: np.ndarray, meters: np.ndarray, tempos: np.ndarray
    ) -> Piece:
        """The piece of notes whose fifth column are players, and bars with their meters and tempos."""
        plays = np.bincount(notes[4], minlength=KIT + 1) > 0
        track = (np.cumsum(plays) - 1)[notes[4]]
        tracks = [
            Track(0, drums=True) if player == KIT else Track(player // MOST_PARTS, part=player % MOST_PARTS)
            for player in np.flatnonzero(plays).tolist()
        ]
        maps = {"meters": meter_map(starts, meters), "tempos": tempo_map(starts, tempos)}
        return Piece.of(self.resolution, tracks, (*notes[:4], track), **maps)

    def tokens(self, piece: Piece) -> np.ndarray:
        starts, meters = bars_of(piece, self.resolution, int(piece.start[-1]))
        tempos = nearest_tempo(60_000_000 / piece.tempos[np.searchsorted(piece.tempos[:, 0], starts, "right") - 1, 1])
        bar = np.searchsorted(starts, piece.start, side="right") - 1
        program, part = np.array([(track.program, track.part) for track in piece.tracks])[piece.track].T
        kit = piece.drums
        full, rest = np.divmod(piece.duration - 1, self.longest)
        first = self.table.first
        # What a note or a bar may say, one row each, and how often it says each of it.
        said = (
            (first("position") + piece.start - starts[bar], begins(piece.start)),
            (first("program") + program, ~kit),
            (first("part") + part - 1 if self.parts > 1 else 0, ~kit & (part > 0)),
            (np.where(kit, first("drum"), first("pitch")) + piece.pitch, 1),
            (first("velocity") + bins_of(piece.velocity, self.bins), 1),
            (first("duration") + self.longest - 1, np.where(kit, 0, full)),
            (first("duration") + rest, ~kit),
        )
        numbers = np.arange(len(starts))
        of_bar, of_note = np.searchsorted(bar, numbers) + numbers, np.arange(len(piece)) + bar + 1
        rows, counts = np.zeros((2, len(piece) + len(starts), len(said)), np.int64)
        for column, (tokens, times) in enumerate(said):
            rows[of_note, column], counts[of_note, column] = tokens, times
        rows[of_bar, 0], rows[of_bar, 1], counts[of_bar, :2] = first("bar") + meters, first("tempo") + tempos, 1
        return np.repeat(rows.ravel(), counts.ravel())

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        kind, value = table.kind[ids], table.value[ids]
        among = {name: kind == number for name, number in table.kinds.items()}
        tempos = value[among["tempo"]]
        meters = value[among["bar"]][: len(tempos)]
        starts = starts_of(meters, self.resolution)
        head = np.flatnonzero(among["pitch"] | among["drum"])
        held = np.cumsum(np.where(among["duration"], value + 1, 0))
        duration = np.append(held[head[1:]], held[-1:])[: len(head)] - held[head]
        kit = among["drum"][head]
        whole = np.where(kit, head + 1 < len(ids), duration > 0)
        head, duration, kit = head[whole], np.where(kit, 1, duration)[whole], kit[whole]
        start = starts[np.cumsum(among["bar"])[head] - 1] + value[table.places(ids, "position")[head]]
        player = value[table.places(ids, "program")[head]] * MOST_PARTS
        parted = among["part"][head - 1]
        player = np.where(kit, KIT, player + np.where(parted, value[head - 1] + 1, 0))
        velocity = centres(self.bins)[value[head + 1]]
        return self.piece_of((start, duration, value[head], velocity, player), starts, meters, tempos)

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same piece in another key; the drums stay."""
        return transposed(ids, self.table, rng)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; by length of bar, after the bar and its tempo; by cell, after each kind of token in it."""
        cells, table = self.cells, self.table
        size, lengths = len(cells), len(cells.lengths)
        bar, tempo = 1 + np.arange(lengths), 1 + lengths + np.arange(lengths)
        at, program, part, pitch, drum, loud, ended, going_on = (
            1 + 2 * lengths + size * number + np.arange(size) for number in range(8)
        )
        rules = Rules(int(going_on[-1]) + 1, len(self.vocabulary))
        after_note = np.concatenate([ended, going_on])
        rules.allow(np.concatenate([[0], tempo, after_note]), table.ids("bar"), bar[cells.of_meter])
        rules.allow(bar, table.ids("tempo"), tempo[:, None])
        positions = np.arange(cells.lengths.max())
        for number, length in enumerate(cells.lengths):
            rules.allow(tempo[number], table.ids("position")[:length], at[cells.first[number] + np.arange(length)])
        later = (positions > cells.step[:, None]) & (positions < cells.length[:, None])
        target = at[0] + (np.arange(size) - cells.step)[:, None] + positions
        for states in (ended, going_on):
            rules.allow(states, table.ids("position"), target, later)
        for states in (at, ended, going_on):
            rules.allow(states, table.ids("program"), program[:, None])
            rules.allow(states, table.ids("drum"), drum[:, None])
        rules.allow(program, table.ids("part"), part[:, None])
        rules.allow(program, table.ids("pitch"), pitch[:, None])
        rules.allow(part, table.ids("pitch"), pitch[:, None])
        rules.allow(pitch, table.ids("velocity"), loud[:, None])
        rules.allow(drum, table.ids("velocity"), ended[:, None])
        for states in (loud, going_on):
            rules.allow(states, table.ids("duration")[:-1], ended[:, None])
            rules.allow(states, table.ids("duration")[-1], going_on[:, None])
        rules.allow(after_note, EOS, 0)
        return rules.grammar(np.concatenate([[0], bar, tempo, np.tile(at, 8)]))

"""One voice on a grid: `bar:3/4 chord:Am pitch:69 hold hold hold rest …`, a token a step in every bar.

After a bar may stand the chord symbol that is the first to be written within it; bars without one have none. How loud a
note is is not told.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen_midi.encodings.automata import Rules
from seqgen_midi.encodings.base import PieceEncoding, transposed
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.chords import KINDS, NAMES
from seqgen_midi.music.meters import METERS, Cells, bars_of, meter_map, starts_of, steps_of
from seqgen_midi.music.piece import Piece, Track, rounded
from seqgen_midi.music.velocities import LOUDNESS

RESOLUTION = 4
TUNE_NAMES = ("melody", "vocal", "voice", "lead", "soprano", "tune")
"""Tracks named so are taken for the melody."""


class Melody(PieceEncoding):
    """The melody of a piece: the track named so, or the highest one."""

    renders: ClassVar[tuple[str, ...]] = ("png", "wav", "musicxml", "abc")

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.resolution = settings.resolution or RESOLUTION
        self.cells = Cells(self.resolution)
        self.table = TokenTable({"bar": METERS, "chord": NAMES, "rest": [""], "hold": [""], "pitch": range(128)})
        self.vocabulary = self.table.vocabulary

    def quantise(self, piece: Piece) -> Piece:
        """Starts and ends at the nearest step, each note at least a step long and cut where the next one begins.

        Raises UnusableFile when there is no melody, or two of its notes begin at one step.
        """
        chosen = piece.track == melody_track(piece)
        start, duration, pitch = (
            column[chosen].astype(np.int64) for column in (piece.start, piece.duration, piece.pitch)
        )
        first = rounded(start * self.resolution, piece.resolution)
        last = np.maximum(rounded((start + duration) * self.resolution, piece.resolution), first + 1)
        if (np.diff(first) == 0).any():
            raise UnusableFile("two notes of the melody at one step")
        last[:-1] = np.minimum(last[:-1], first[1:])
        starts, meters = bars_of(piece, self.resolution, int(last[-1]) - 1)
        bar, which = np.unique(self.bar_of_chords(piece, starts, int(last[-1])), return_index=True)
        chords = piece.chords[which[bar >= 0]]
        chords = np.column_stack([starts[bar[bar >= 0]], chords[:, 1:]])
        return self.piece_of(first, last - first, pitch, starts, meters, chords)

    def bar_of_chords(self, piece: Piece, starts: np.ndarray, end: int) -> np.ndarray:
        """The bar of each chord symbol; −1 past the last bar's notes."""
        step = rounded(piece.chords[:, 0].astype(np.int64) * self.resolution, piece.resolution)
        return np.where(step < end, np.searchsorted(starts, step, side="right") - 1, -1)

    def piece_of(
        self, first: np.ndarray, length: np.ndarray, pitch: np.ndarray, starts: np.ndarray, meters: np.ndarray,
        chords: np.ndarray,
    ) -> Piece:  # fmt: skip
        """The piece of notes [n], bars [bars] and chords [k, 3]."""
        one = np.ones_like(first)
        notes = (first, length, pitch, LOUDNESS * one, 0 * one)
        return Piece.of(self.resolution, [Track(name="Melody")], notes, meters=meter_map(starts, meters), chords=chords)

    def tokens(self, piece: Piece) -> np.ndarray:
        starts, meters = bars_of(piece, self.resolution, piece.end - 1)
        length = int(starts[-1] + steps_of(meters[-1], self.resolution))
        began, ended = (
            np.bincount(steps, minlength=length + 1)[:length] for steps in (piece.start, piece.start + piece.duration)
        )
        steps = np.where(np.cumsum(began - ended) > 0, self.table.first("hold"), self.table.first("rest"))
        steps[piece.start] = self.table.first("pitch") + piece.pitch
        chords = self.table.first("chord") + piece.chords[:, 1] * len(KINDS) + piece.chords[:, 2]
        where = np.concatenate([starts, piece.chords[:, 0]])
        return np.insert(steps, where, np.concatenate([self.table.first("bar") + meters, chords]))

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        meters = table.value[ids[table.among(ids, "bar")]]
        starts = starts_of(meters, self.resolution)
        symbols = table.among(ids, "chord")
        chord = table.value[ids[symbols]]
        chord_bar = np.cumsum(table.among(ids, "bar"))[symbols] - 1
        steps = ids[table.kind[ids] >= table.kinds["rest"]]
        changes = np.append(np.flatnonzero(~table.among(steps, "hold")), len(steps))
        first, length = changes[:-1], np.diff(changes)
        sung = table.among(steps[first], "pitch")
        chords = np.column_stack([starts[chord_bar], chord // len(KINDS), chord % len(KINDS)])
        return self.piece_of(first[sung], length[sung], table.value[steps[first[sung]]], starts, meters, chords)

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """From the bar line on where the prompt ends; a note that sounds across it begins there anew."""
        table, rest = self.table, super().without_prompt(ids, prompt)
        steps = np.flatnonzero(table.kind[rest] >= table.kinds["rest"])
        before = ids[: len(ids) - len(rest) + 1]
        sung = before[table.among(before, "pitch")]
        if steps.size and rest[steps[0]] == table.first("hold"):
            rest[steps[0]] = sung[-1]
        return rest

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same melody in another key, chord symbols included."""
        table = self.table
        moved = transposed(ids, table, rng)
        shift = int((moved - ids).max(initial=0) + (moved - ids).min(initial=0))
        symbol = (table.value[ids] + shift * len(KINDS)) % len(NAMES) + table.first("chord")
        return np.where(table.among(ids, "chord"), symbol, moved).astype(ids.dtype)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; a bar's beginning; before each step; and the bar line, where another bar begins or none.

        All but the start know whether a note sounds, which may then be held; those within a bar, whether it was heard
        in this bar already: a document ends after a bar that has something in it, so that no two say the same.
        """
        cells, table = self.cells, self.table
        size = len(cells)
        begin = 1 + np.arange(2 * len(cells.lengths)).reshape(2, -1)
        step = begin[-1, -1] + 1 + np.arange(4 * size).reshape(2, 2, size)
        line = step[-1, -1, -1] + 1 + np.arange(4).reshape(2, 2)
        rules = Rules(int(line[-1, -1]) + 1, len(self.vocabulary))
        bars, rest, hold, pitches = table.ids("bar"), table.first("rest"), table.first("hold"), table.ids("pitch")
        rules.allow(0, bars, begin[0, cells.of_meter])
        last = cells.step == cells.length - 1
        # The state after a step, by whether a note sounds and whether one was heard in this bar: [2, 2, cells, 1].
        after = np.where(last, line[..., None], np.roll(step, -1, axis=-1))[..., None]
        for sounds in (0, 1):
            for heard in (0, 1):
                rules.allow(step[sounds, heard], rest, after[0, heard])
                rules.allow(step[sounds, heard], pitches, after[1, 1])
                rules.allow(step[sounds, heard], hold, after[1, 1], where=sounds == 1)
                rules.allow(line[sounds, heard], bars, begin[sounds, cells.of_meter])
            rules.repeat(step[sounds, 0, cells.first], begin[sounds])
            rules.allow(begin[sounds], table.ids("chord"), step[sounds, 0, cells.first][:, None])
        rules.allow(line[:, 1], EOS, 0)
        observed = np.concatenate([[0], np.tile(1 + cells.first, 2), np.tile(1 + np.arange(size), 4), [size + 1] * 4])
        return rules.grammar(observed)


def melody_track(piece: Piece) -> int:
    """The track that is the melody: one named so, else the highest on average; raises UnusableFile without any note."""
    sung = [number for number, track in enumerate(piece.tracks) if not track.drums and (piece.track == number).any()]
    if not sung:
        raise UnusableFile("no melody")
    named = [number for number in sung if any(name in piece.tracks[number].name.lower() for name in TUNE_NAMES)]
    return max(named[:1] or sung, key=lambda number: float(piece.pitch[piece.track == number].mean()))

"""One voice on a grid: `bar:3/4 chord:Am pitch:69 hold hold hold chord:E7 hold …`, with a token for each step of a bar.

A chord symbol stands before the step at which it begins, which is any eighth of a bar. So it may change while a note
sounds. The encoding has no velocities.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from seqgen import BOS, EOS, EmptyLanguage, Example, Grammar, PromptConditions, UnusableFile
from seqgen.grammar import Conditions, Registers, TransitionTable, restrict
from seqgen_midi.encodings.bars import BarCells, bar_starts, bar_steps, bars_of, meter_map
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.melody_conditions import (
    MAX_BARS_WITHOUT_END,
    MelodyConditions,
    default_bars,
    draw_key,
)
from seqgen_midi.encodings.melody_registers import melody_registers
from seqgen_midi.encodings.narrowing import COMFORTABLE_STATES, count_bars, narrow, require_last
from seqgen_midi.encodings.one_meter import MAX_PICKUP_QUARTERS, in_one_meter, pickup_tokens
from seqgen_midi.encodings.registry import register
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable
from seqgen_midi.music.chord_inference import infer_chords
from seqgen_midi.music.chords import CHORD_NAMES, QUALITIES
from seqgen_midi.music.keys import Key
from seqgen_midi.music.melodies import melody_track
from seqgen_midi.music.meters import meters_on_grid
from seqgen_midi.music.piece import Piece, Track, is_new, round_half_up
from seqgen_midi.music.velocities import DEFAULT_VELOCITY

CHORDS_PER_QUARTER = 2
"""The chord symbols that a quarter can have."""


@register
class Melody(Encoding):
    """The melody of a piece: the track with such a name, or else the highest one."""

    name = "melody"
    summary = "one voice on a grid, with chord symbols"
    default_options: ClassVar[Mapping[str, int]] = {"resolution": 4, "infer_chords": 0}
    default_sampling = MappingProxyType({"min_p": 0.05})
    """Chosen on validation data: bench/NOTES.md."""
    default_training = MappingProxyType({"num_layers": 1, "coordinates": True, "condition_size": 48})
    renderings = ("png", "wav", "musicxml", "abc")
    is_grid = True

    def __init__(self, **options: int) -> None:
        super().__init__(**options)
        self.resolution, self.infers_chords = self.options["resolution"], bool(self.options["infer_chords"])
        self.cells = BarCells(self.resolution)
        self.chord_interval = max(1, self.resolution // CHORDS_PER_QUARTER)
        self.table = TokenTable(
            bar=Kind(Role.BAR, meters_on_grid(self.resolution)),
            chord=Kind(Role.CHORD, CHORD_NAMES, varies=True),
            rest=Kind(Role.REST),
            hold=Kind(Role.MODIFIER),
            pitch=Kind(Role.NOTE, range(128)),
        )
        self._max_pickup_steps = MAX_PICKUP_QUARTERS * self.resolution
        self._class_count = 2 + self.cells.class_count
        self._known = MelodyConditions(self.table, self.chord_interval, self._class_count)

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Starts and ends at the nearest step; each note is at least a step long and ends where the next one begins.

        A melody without chord symbols gets those that are inferred, if the setting says so. Raises UnusableFile when
        there is no melody, or two of its notes begin at one step. A prompt may have chord symbols alone: a lead sheet.
        """
        if is_prompt and not len(piece) and len(piece.chords):
            return self._lead_sheet(piece)
        tune = piece.select(self.plays(piece))
        start = tune.start.astype(np.int64)
        first = round_half_up(start * self.resolution, piece.resolution)
        last = round_half_up((start + tune.duration) * self.resolution, piece.resolution)
        last = np.maximum(last, first + 1)
        if (np.diff(first) == 0).any():
            raise UnusableFile("two notes of the melody at one step")
        last[:-1] = np.minimum(last[:-1], first[1:])
        starts, meters = bars_of(piece, self.resolution, int(last[-1]) - 1)
        lengths = bar_steps(meters, self.resolution)
        chords = self._chords(piece, starts, int(starts[-1] + lengths[-1]))
        quantised = self._piece(first, last - first, tune.pitch, starts, meters, chords)
        if not self.infers_chords or len(piece.chords):
            return quantised
        key = piece.key or quantised.estimated_key()
        return replace(quantised, chords=infer_chords(quantised, starts, lengths, key).astype(np.int32))

    def _lead_sheet(self, piece: Piece) -> Piece:
        """Returns the chord symbols of a piece without notes.

        A bar that begins without one repeats the last one, because the symbols that are inferred do so, too.
        """
        last_step = int(round_half_up(int(piece.chords[-1, 0]) * self.resolution, piece.resolution))
        starts, meters = bars_of(piece, self.resolution, last_step)
        chords = self._chords(piece, starts, int(starts[-1] + bar_steps(meters[-1], self.resolution)))
        bare = starts[~np.isin(starts, chords[:, 0]) & (starts > chords[0, 0])]
        repeated = chords[np.searchsorted(chords[:, 0], bare) - 1]
        chords = np.concatenate([chords, np.column_stack([bare, repeated[:, 1:]])])
        none = np.zeros(0, int)
        return self._piece(none, none, none, starts, meters, chords[np.argsort(chords[:, 0])])

    def plays(self, piece: Piece) -> np.ndarray:
        if not len(piece):
            return np.zeros(0, bool)
        return np.asarray(piece.track == melody_track(piece))

    def _chords(self, piece: Piece, starts: np.ndarray, end: int) -> np.ndarray:
        """Returns the chord symbols before the step `end`, each at the nearest eighth of its bar: int[k, 3].

        Of those at one eighth, the last one holds.

        starts: int[bars]; the steps at which bars begin
        """
        scaled = piece.chords[:, 0].astype(np.int64) * self.resolution
        bar = np.searchsorted(starts * piece.resolution, scaled, side="right") - 1
        intervals = round_half_up(scaled - starts[bar] * piece.resolution, piece.resolution * self.chord_interval)
        step = np.minimum(starts[bar] + intervals * self.chord_interval, np.append(starts[1:], end)[bar])
        is_last = is_new(step[::-1])[::-1] & (step < end)
        return np.column_stack([step[is_last], piece.chords[is_last, 1:]])

    def _piece(
        self, first: np.ndarray, length: np.ndarray, pitch: np.ndarray, starts: np.ndarray, meters: np.ndarray,
        chords: np.ndarray,
    ) -> Piece:  # fmt: skip
        one = np.ones_like(first)
        notes = (first, length, pitch, DEFAULT_VELOCITY * one, 0 * one)
        return Piece.of(self.resolution, [Track(name="Melody")], notes, meters=meter_map(starts, meters), chords=chords)

    def tokens(self, piece: Piece) -> np.ndarray:
        # A lead sheet lasts as long as its chord symbols.
        last_step = int(max(piece.end - 1, piece.chords[:, 0].max(initial=-1)))
        starts, meters = bars_of(piece, self.resolution, last_step)
        length = int(starts[-1] + bar_steps(meters[-1], self.resolution))
        begun, ended = (
            np.bincount(steps, minlength=length + 1)[:length] for steps in (piece.start, piece.start + piece.duration)
        )
        steps = np.where(np.cumsum(begun - ended) > 0, self.table.first("hold"), self.table.first("rest"))
        steps[piece.start] = self.table.first("pitch") + piece.pitch
        chords = self.table.first("chord") + piece.chords[:, 1] * len(QUALITIES) + piece.chords[:, 2]
        where = np.concatenate([starts, piece.chords[:, 0]])
        return np.insert(steps, where, np.concatenate([self.table.first("bar") + meters, chords]))

    def encode(self, piece: Piece) -> Example:
        """A lead sheet is the beginning of a document, whose end a note must come before."""
        return Example.document(self.tokens(piece), ends=len(piece) > 0)

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        is_bar, is_chord = table.of_kind("bar")[ids], table.of_kind("chord")[ids]
        meters = table.value[ids[is_bar]]
        starts = bar_starts(meters, self.resolution)
        chord = table.value[ids[is_chord]]
        is_step = table.of_role(Role.NOTE, Role.MODIFIER, Role.REST)[ids]
        steps = ids[is_step]
        changes = np.append(np.flatnonzero(steps != table.first("hold")), len(steps))
        first, length = changes[:-1], np.diff(changes)
        is_note = table.of_kind("pitch")[steps[first]]
        pitch = table.value[steps[first[is_note]]]
        begins = np.cumsum(is_step)[is_chord]
        chords = np.column_stack([begins, chord // len(QUALITIES), chord % len(QUALITIES)])
        return self._piece(first[is_note], length[is_note], pitch, starts, meters, chords)

    def chord_steps(self, bar_steps: int, *, is_pickup: bool) -> tuple[frozenset[int], frozenset[int]]:
        """Inferred chord symbols stand at the beginning and in the middle of a bar, and in no pickup."""
        if not self.infers_chords:
            return super().chord_steps(bar_steps, is_pickup=is_pickup)
        if is_pickup:
            return frozenset(), frozenset()
        half = bar_steps // 2
        is_halved = bar_steps % 2 == 0 and half % self.chord_interval == 0 and bar_steps >= 3 * self.resolution
        return frozenset({0}), frozenset({half}) if is_halved else frozenset()

    @property
    def registers(self) -> Registers:
        """The last notes, the root of the chord, and how long the last note has lasted."""
        return melody_registers(self.table, self._class_count)

    @property
    def conditions(self) -> Conditions:
        """The key, the end, the chord symbols and the notes of each bar."""
        return self._known.channels

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return self._known.shown(ids, rng)

    def draw_key(self, ids: np.ndarray, rng: np.random.Generator) -> Key:
        return self._known.key(ids) if self._known.has_key(ids) else draw_key(rng)

    def default_bars(self, ids: np.ndarray, key: Key) -> int:
        return default_bars(self.bars(ids).quarters, key)

    def prompt_conditions(self, ids: np.ndarray, bars: int | None, key: Key | None) -> PromptConditions:
        """Without a number of bars, the end is not known. The pickup of a new melody is not among its bars."""

        def draw(first_ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
            known = key or self.draw_key(ids, rng)
            if bars is None:
                return self._known.values(MAX_BARS_WITHOUT_END, known)
            has_pickup = len(ids) == 1 and bool(pickup_tokens(self.table)[first_ids[1]])
            return self._known.values(bars + has_pickup, known, has_end=True)

        return PromptConditions(2, draw)

    def template_conditions(
        self, template: np.ndarray, key: Key | None, are_chords_free: np.ndarray | None = None
    ) -> PromptConditions:
        """Returns the key, the end, and what is given of each bar."""
        content = self._known.content(template)
        given = template[template >= 0]
        if key is None and self._known.has_key(given):
            key = self._known.key(given)
        has_chords = np.ones(len(content), bool)
        if are_chords_free is not None:
            free = self.bars(np.maximum(template, BOS)).numbers(len(template))[are_chords_free]
            has_chords[free[free >= 0]] = False
        values = self._known.values(len(content), key, has_end=True, content=content, has_chords=has_chords)
        return PromptConditions(1, lambda ids, rng: values)

    def narrow(
        self,
        allowed: np.ndarray,
        bars: int | None = None,
        density: tuple[int, int] | None = None,
        *,
        keep_meters: bool = False,
        key: Key | None = None,
        has_ending: bool = True,
        may_have_pickup: bool | None = None,
    ) -> Grammar:
        """A melody in a key ends with the tonic.

        One of so many bars, or a new one, ends with it on a strong place of the bar, or on any place if it cannot. A
        new one has one time signature, and its `bars` are counted without the pickup.
        """
        if key is not None and bars is not None and density is None and may_have_pickup is not None:
            with suppress(EmptyLanguage):
                return self._ending_on_tonic(self._in_one_meter(allowed[0], bars, may_have_pickup), key)
        grammar = narrow(self.automaton, self.table, allowed[0], bars, density, keep_meters)
        if key is None:
            return grammar
        if bars is None and may_have_pickup is None:
            return require_last(grammar, self.table.of_kind("pitch"), self.tonic_tokens(key))
        return self._ending_on_tonic(grammar, key)

    def _in_one_meter(self, allowed: np.ndarray, bars: int, may_have_pickup: bool) -> Grammar:
        """Returns the documents of `allowed` tokens bool[V] with so many bars of one time signature."""
        is_full_bar = self.table.of_role(Role.BAR) & ~pickup_tokens(self.table)
        forbidden = ~allowed
        if self.infers_chords:
            forbidden = forbidden | (~self._is_chord_place[:, None] & self.table.of_kind("chord"))
        grammar = in_one_meter(restrict(self.automaton, forbidden), self.table, may_have_pickup=may_have_pickup)
        meters = np.flatnonzero(is_full_bar & allowed)
        # The commonest meters stand first.
        while len(meters) > 1 and grammar.state_count * (bars + 1) > COMFORTABLE_STATES:
            meters = meters[: len(meters) // 2]
            uncommon = is_full_bar & ~np.isin(np.arange(len(allowed)), meters)
            grammar = in_one_meter(
                restrict(self.automaton, forbidden | uncommon), self.table, may_have_pickup=may_have_pickup
            )
        return count_bars(grammar, is_full_bar, bars)

    def _ending_on_tonic(self, grammar: Grammar, key: Key) -> Grammar:
        is_pitch, is_tonic = self.table.of_kind("pitch"), self.tonic_tokens(key)
        with suppress(EmptyLanguage):
            return require_last(grammar, is_pitch, self._is_strong_class[grammar.state_class][:, None] & is_tonic)
        return require_last(grammar, is_pitch, is_tonic)

    @cached_property
    def _is_chord_place(self) -> np.ndarray:
        """Whether an inferred chord symbol can stand next, by state of the automaton: bool[S]."""
        places = [
            step in frozenset[int]().union(*self.chord_steps(length, is_pickup=length <= self._max_pickup_steps))
            for length, step in zip(self.cells.length.tolist(), self.cells.step.tolist(), strict=True)
        ]
        is_place = np.zeros(self.automaton.state_count, bool)
        # The states before a step stand after the start, cell by cell.
        is_place[1 : 1 + 4 * len(places)] = places * 4
        return is_place

    @cached_property
    def _is_strong_class(self) -> np.ndarray:
        """Whether the step that comes next is a strong place of its bar, by state class: bool[C].

        That is the first step of a bar, and of a half or a third of it that lasts a half note or a dotted quarter.
        """
        cells, eighth = self.cells, self.resolution / 2
        halves = (cells.length % 2 == 0) & (cells.length >= 4 * eighth)
        thirds = (cells.length == 9 * eighth) & (3 * cells.step % cells.length == 0)
        is_strong = (cells.step == 0) | (halves & (2 * cells.step == cells.length)) | thirds
        strong = np.zeros(self._class_count, bool)
        strong[1 + cells.state_class[is_strong]] = True
        return strong

    def without_prompt(self, ids: np.ndarray, prompt_length: int) -> np.ndarray:
        """Returns what follows the bar line where the prompt ends. A note that sounds across it begins there."""
        table, rest = self.table, super().without_prompt(ids, prompt_length)
        steps = np.flatnonzero(table.of_role(Role.NOTE, Role.MODIFIER, Role.REST)[rest])
        before = ids[: len(ids) - len(rest) + 1]
        pitches = before[table.of_kind("pitch")[before]]
        if steps.size and rest[steps[0]] == table.first("hold"):
            rest[steps[0]] = pitches[-1]
        return rest

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; before each step; after a chord symbol; and the bar line, where a bar begins or nothing.

        All but the start know whether a note sounds, which may then be held. Those within a bar also know whether a
        note has sounded in this bar: a document ends after a bar with music, so that no two say the same.
        """
        cells, table = self.cells, self.table
        size = len(cells)
        step = 1 + np.arange(4 * size).reshape(2, 2, size)
        line = step[-1, -1, -1] + 1 + np.arange(4).reshape(2, 2)
        takes_chord = np.flatnonzero(cells.step % self.chord_interval == 0)
        named = line[-1, -1] + 1 + np.arange(4 * len(takes_chord)).reshape(2, 2, -1)
        rules = TransitionTable(int(named[-1, -1, -1]) + 1, len(self.vocabulary))
        bars, rest, hold, pitches = table.ids("bar"), table.first("rest"), table.first("hold"), table.ids("pitch")
        first_step = cells.first[cells.length_of_meter]
        rules.allow(0, bars, step[0, 0, first_step])
        last = cells.step == cells.length - 1
        # The state after a step, by whether a note sounds and whether one has sounded in this bar: [2, 2, cells, 1].
        after = np.where(last, line[..., None], np.roll(step, -1, axis=-1))[..., None]
        for sounds in (0, 1):
            for heard in (0, 1):
                rules.allow(step[sounds, heard], rest, after[0, heard])
                rules.allow(step[sounds, heard], pitches, after[1, 1])
                rules.allow(step[sounds, heard], hold, after[1, 1], where=sounds == 1)
                rules.allow(line[sounds, heard], bars, step[sounds, 0, first_step])
                rules.copy(step[sounds, heard, takes_chord], named[sounds, heard])
                rules.allow(step[sounds, heard, takes_chord], table.ids("chord"), named[sounds, heard][:, None])
        rules.allow(line[:, 1], EOS, 0)
        seen = 1 + cells.state_class
        state_class = np.concatenate(
            [[0], np.tile(seen, 4), [1 + cells.class_count] * 4, np.tile(seen[takes_chord], 4)]
        )
        return rules.grammar(state_class)

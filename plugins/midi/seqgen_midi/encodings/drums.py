"""Drums on a grid: `bar:4/4 position:0 hit:kick hit:closed-hat position:2 hit:closed-hat …`.

Positions rise within a bar, and hits within a position, so a pattern has one document. The encoding has neither
velocities nor durations. The 128 keys of the drum channel become twelve classes: the nine of Roberts et al. (2018,
MusicVAE) and three for what is played beside the kit. Two keys of one class at one step are one hit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen.grammar import TransitionTable
from seqgen_midi.encodings.bars import BarCells, bar_starts, bars_of, meter_map
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.registry import register
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable
from seqgen_midi.music.meters import meters_on_grid
from seqgen_midi.music.piece import Piece, Track, is_new, round_half_up
from seqgen_midi.music.velocities import DEFAULT_VELOCITY

CLASSES = {
    "kick": (36, 35), "snare": (38, 40), "stick": (37, 39, 31, 32, 33, 34), "closed-hat": (42, 44), "open-hat": (46,),
    "low-tom": (45, 41, 43), "mid-tom": (47, 48), "high-tom": (50,), "crash": (49, 52, 55, 57), "ride": (51, 53, 59),
    "hand-drum": (62, 60, 61, 63, 64, 65, 66, 78, 79, 86, 87), "percussion": (56,),
}  # fmt: skip
"""The General MIDI keys of each class; the first of them is written. `percussion` takes every key that no other class
names: bells, shakers, whistles, and keys that are no drum at all."""
CLASS_NAMES = tuple(CLASSES)
WRITTEN_KEY = np.array([keys[0] for keys in CLASSES.values()])
CLASS_OF_KEY = np.full(128, CLASS_NAMES.index("percussion"))
for _number, _keys in enumerate(CLASSES.values()):
    CLASS_OF_KEY[list(_keys)] = _number
KIT = Track(0, True, "Drums")


@register
class Drums(Encoding):
    """The drum tracks of a piece, all together."""

    name = "drums"
    summary = "hits on a grid"
    default_options: ClassVar[Mapping[str, int]] = {"resolution": 4}

    def __init__(self, **options: int) -> None:
        super().__init__(**options)
        self.resolution = self.options["resolution"]
        self.cells = BarCells(self.resolution)
        self.table = TokenTable(
            bar=Kind(Role.BAR, meters_on_grid(self.resolution)),
            position=Kind(Role.TIME, range(self.cells.lengths.max())),
            hit=Kind(Role.NOTE, CLASSES),
        )

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        """Hits at the nearest step, one of each class; raises UnusableFile without drums."""
        drums = piece.select(self.plays(piece))
        if not len(drums):
            raise UnusableFile("no drums")
        step = round_half_up(drums.start.astype(np.int64) * self.resolution, piece.resolution)
        step, drum = np.unique(np.column_stack([step, CLASS_OF_KEY[drums.pitch]]), axis=0).T
        starts, meters = bars_of(piece, self.resolution, int(step[-1]))
        return self._piece(step, drum, starts, meters)

    def plays(self, piece: Piece) -> np.ndarray:
        return piece.is_drum

    def _piece(self, step: np.ndarray, drum: np.ndarray, starts: np.ndarray, meters: np.ndarray) -> Piece:
        one = np.ones_like(step)
        notes = (step, one, WRITTEN_KEY[drum], DEFAULT_VELOCITY * one, 0 * one)
        return Piece.of(self.resolution, [KIT], notes, meters=meter_map(starts, meters))

    def tokens(self, piece: Piece) -> np.ndarray:
        starts, meters = bars_of(piece, self.resolution, int(piece.start[-1]))
        bar = np.searchsorted(starts, piece.start, side="right") - 1
        first = self.table.first
        position, hit = first("position") + piece.start - starts[bar], first("hit") + CLASS_OF_KEY[piece.pitch]
        rows = np.column_stack([position, hit])
        counts = np.column_stack([is_new(piece.start), np.ones(len(piece), int)])
        before = np.searchsorted(bar, np.arange(len(starts)))
        rows = np.insert(rows, before, np.column_stack([first("bar") + meters, 0 * meters]), axis=0)
        counts = np.insert(counts, before, (1, 0), axis=0)
        return np.repeat(rows.ravel(), counts.ravel())

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        is_bar = table.of_kind("bar")[ids]
        meters = table.value[ids[is_bar]]
        starts = bar_starts(meters, self.resolution)
        hits = np.flatnonzero(table.of_kind("hit")[ids])
        bar = np.cumsum(is_bar)[hits] - 1
        step = starts[bar] + table.value[ids[table.last_position(ids, "position")[hits]]]
        return self._piece(step, table.value[ids[hits]], starts, meters)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; after a bar, by its length; after a position, a cell; after a hit, by cell and class."""
        cells, table = self.cells, self.table
        size, classes = len(cells), len(CLASSES)
        bar = 1 + np.arange(len(cells.lengths))
        at = bar[-1] + 1 + np.arange(size)
        hit = at[-1] + 1 + np.arange(size * classes).reshape(size, classes)
        rules = TransitionTable(int(hit[-1, -1]) + 1, len(self.vocabulary))
        rules.allow(np.concatenate([[0], bar, hit.ravel()]), table.ids("bar"), bar[cells.length_of_meter])
        cells.allow_positions(rules, table.ids("position"), bar, at, *hit.T)
        rules.allow(at, table.ids("hit"), hit)
        for drum in range(classes):
            rules.allow(hit[:, drum], table.ids("hit"), hit, np.arange(classes) > drum)
        rules.allow(hit.ravel(), EOS, 0)
        seen = at[0] + cells.state_class
        state_class = np.concatenate([[0], bar, seen, np.repeat(seen, classes)])
        return rules.grammar(state_class)

"""Drums on a grid: `bar:4/4 position:0 hit:kick hit:closed-hat position:2 hit:closed-hat …`.

Positions rise within a bar, and hits within a position, so a pattern has one document. How loud and how long a hit is
is not told. The 128 keys of the drum channel become twelve classes, the nine of Roberts et al. (2018, MusicVAE) and
three for what is played beside the kit; two keys of a class at one step are one hit.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen_midi.encodings.automata import Rules
from seqgen_midi.encodings.base import PieceEncoding
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.meters import METERS, Cells, bars_of, meter_map, starts_of
from seqgen_midi.music.piece import Piece, Track, begins, rounded
from seqgen_midi.music.velocities import LOUDNESS

RESOLUTION = 4
# General MIDI keys of each class; the first is the one that is written.
CLASSES = {
    "kick": (36, 35), "snare": (38, 40), "stick": (37, 39, 31, 32, 33, 34), "closed-hat": (42, 44), "open-hat": (46,),
    "low-tom": (45, 41, 43), "mid-tom": (47, 48), "high-tom": (50,), "crash": (49, 52, 55, 57), "ride": (51, 53, 59),
    "hand-drum": (62, 60, 61, 63, 64, 65, 66, 78, 79, 86, 87), "percussion": (56,),
}  # fmt: skip
"""`percussion` takes every key that no other class names: bells, shakers, whistles, and what is no drum at all."""
CLASS_NAMES = tuple(CLASSES)
KEYS = np.array([keys[0] for keys in CLASSES.values()])
CLASS_OF_KEY = np.full(128, CLASS_NAMES.index("percussion"))
for _number, _keys in enumerate(CLASSES.values()):
    CLASS_OF_KEY[list(_keys)] = _number
KIT = Track(0, True, "Drums")


class Drums(PieceEncoding):
    """The drum tracks of a piece, all together."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.resolution = settings.resolution or RESOLUTION
        self.cells = Cells(self.resolution)
        self.table = TokenTable({"bar": METERS, "position": range(self.cells.lengths.max()), "hit": CLASSES})
        self.vocabulary = self.table.vocabulary

    def quantise(self, piece: Piece) -> Piece:
        """Hits at the nearest step, one a class; raises UnusableFile without drums."""
        drums = piece.drums
        if not drums.any():
            raise UnusableFile("no drums")
        step = rounded(piece.start[drums].astype(np.int64) * self.resolution, piece.resolution)
        step, kind = np.unique(np.column_stack([step, CLASS_OF_KEY[piece.pitch[drums]]]), axis=0).T
        starts, meters = bars_of(piece, self.resolution, int(step[-1]))
        return self.piece_of(step, kind, starts, meters)

    def piece_of(self, step: np.ndarray, kind: np.ndarray, starts: np.ndarray, meters: np.ndarray) -> Piece:
        """The piece of hits [n] and bars [bars]."""
        one = np.ones_like(step)
        notes = (step, one, KEYS[kind], LOUDNESS * one, 0 * one)
        return Piece.of(self.resolution, [KIT], notes, meters=meter_map(starts, meters))

    def tokens(self, piece: Piece) -> np.ndarray:
        starts, meters = bars_of(piece, self.resolution, int(piece.start[-1]))
        bar = np.searchsorted(starts, piece.start, side="right") - 1
        first = self.table.first
        position, hit = first("position") + piece.start - starts[bar], first("hit") + CLASS_OF_KEY[piece.pitch]
        rows = np.column_stack([position, hit])
        counts = np.column_stack([begins(piece.start), np.ones(len(piece), int)])
        before = np.searchsorted(bar, np.arange(len(starts)))
        rows = np.insert(rows, before, np.column_stack([first("bar") + meters, 0 * meters]), axis=0)
        counts = np.insert(counts, before, (1, 0), axis=0)
        return np.repeat(rows.ravel(), counts.ravel())

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        meters = table.value[ids[table.among(ids, "bar")]]
        starts = starts_of(meters, self.resolution)
        hits = np.flatnonzero(table.among(ids, "hit"))
        bar = np.cumsum(table.among(ids, "bar"))[hits] - 1
        step = starts[bar] + table.value[ids[table.places(ids, "position")[hits]]]
        return self.piece_of(step, table.value[ids[hits]], starts, meters)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; after a bar, by its length; after a position, a cell; after a hit, by cell and class."""
        cells, table = self.cells, self.table
        size, kinds = len(cells), len(CLASSES)
        bar = 1 + np.arange(len(cells.lengths))
        at = bar[-1] + 1 + np.arange(size)
        hit = at[-1] + 1 + np.arange(size * kinds).reshape(size, kinds)
        rules = Rules(int(hit[-1, -1]) + 1, len(self.vocabulary))
        rules.allow(np.concatenate([[0], bar, hit.ravel()]), table.ids("bar"), bar[cells.of_meter])
        positions = np.arange(cells.lengths.max())
        for number, length in enumerate(cells.lengths):
            rules.allow(bar[number], table.ids("position")[:length], at[cells.first[number] + np.arange(length)])
        later = (positions > cells.step[:, None]) & (positions < cells.length[:, None])
        target = at[0] + (np.arange(size) - cells.step)[:, None] + positions
        rules.allow(at, table.ids("hit"), hit)
        for kind in range(kinds):
            rules.allow(hit[:, kind], table.ids("position"), target, later)
            rules.allow(hit[:, kind], table.ids("hit"), hit, np.arange(kinds) > kind)
        rules.allow(hit.ravel(), EOS, 0)
        observed = np.concatenate([[0], bar, at, np.repeat(at, kinds)])
        return rules.grammar(observed)

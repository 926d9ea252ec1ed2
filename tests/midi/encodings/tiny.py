"""A small encoding of one's own, one token a quarter of 4/4: `bar:4/4 pitch:60 rest pitch:64 pitch:65 …`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from seqgen_midi.encodings import register
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.tokens import Kind, Role, TokenTable
from seqgen_midi.music.piece import Piece, Track

from seqgen import EOS, Grammar, UnusableFile
from seqgen.grammar import build_grammar

QUARTERS = 4
State = tuple[int, bool]
"""The quarter of the bar that comes next, 0 at a bar line, and whether the bar has a note so far."""


@register
class Tiny(Encoding):
    """The highest note that begins in each quarter."""

    name = "tiny"
    summary = "a note or a rest for each quarter of 4/4"
    is_grid = True

    def __init__(self, **options: int) -> None:
        super().__init__(**options)
        self.table = TokenTable(
            bar=Kind(Role.BAR, ["4/4"]),
            rest=Kind(Role.REST),
            pitch=Kind(Role.NOTE, range(128)),
        )

    def quantise(self, piece: Piece, *, is_prompt: bool = False) -> Piece:
        tuned = piece.select(~piece.is_drum)
        if not len(tuned):
            raise UnusableFile("nothing but drums")
        quarter = tuned.start // piece.resolution
        last = np.lexsort((tuned.pitch, quarter))
        quarters, first = np.unique(quarter[last][::-1], return_index=True)
        return self._piece(quarters, tuned.pitch[last][::-1][first])

    def _piece(self, quarter: np.ndarray, pitch: np.ndarray) -> Piece:
        one = np.ones_like(quarter)
        return Piece.of(1, [Track()], (quarter, one, pitch, 84 * one, 0 * one), meters=[(0, 4, 4)])

    def tokens(self, piece: Piece) -> np.ndarray:
        steps = np.full(-(-piece.end // QUARTERS) * QUARTERS, self.table.first("rest"))
        steps[piece.start] = self.table.first("pitch") + piece.pitch
        return np.insert(steps, range(0, len(steps), QUARTERS), self.table.first("bar"))

    def decode(self, ids: np.ndarray) -> Piece:
        steps = ids[self.table.of_role(Role.NOTE, Role.REST)[ids]]
        quarter = np.flatnonzero(self.table.of_role(Role.NOTE)[steps])
        return self._piece(quarter, self.table.value[steps[quarter]])

    @cached_property
    def automaton(self) -> Grammar:
        table = self.table

        def moves(state: State) -> Iterator[tuple[int, State]]:
            quarter, has_note = state
            if quarter == 0:
                yield table.first("bar"), (1, False)
                if has_note:
                    yield EOS, state
                return
            following = (quarter + 1) % (QUARTERS + 1)
            yield table.first("rest"), (following, has_note)
            for token in table.ids("pitch").tolist():
                yield token, (following, True)

        return build_grammar(len(self.vocabulary), (0, False), moves)

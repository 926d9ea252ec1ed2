"""Played music in real time: `shift:12 pitch:60 velocity:20 duration:37 …`, after Oore et al. (2018).

Time passes in steps of 10 ms, up to a second a token. Where Oore et al. end a note by an event of its own, which a
model can forget, a note here carries its duration, so that none can hang. At one time pitches do not fall; a shift or a
duration of more than a second is as many full ones as it takes and then the rest, so a performance has one document.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from seqgen import EOS, Grammar, UnusableFile
from seqgen_midi.encodings.automata import Rules
from seqgen_midi.encodings.base import PieceEncoding, after, transposed
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.piece import Piece, Track, in_order, rounded
from seqgen_midi.music.velocities import bins_of, centres

VELOCITY_BINS = 32
STEPS = 100
"""A second, and the most of one token."""
LONGEST, VOICES = 6 * 3600 * STEPS, 40
"""The longest performance, in steps, and how many notes may sound in it at once on average: about a million tokens."""
RESOLUTION, TEMPO = 50, 500_000
"""Ticks a quarter and microseconds a quarter of its pieces: a tick is a step."""


class Performance(PieceEncoding):
    """All that is not drums, as one player plays it: who plays which note is not told."""

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.bins = settings.velocity_bins or VELOCITY_BINS
        steps = range(1, STEPS + 1)
        self.table = TokenTable(
            {"shift": steps, "pitch": range(128), "velocity": centres(self.bins), "duration": steps}
        )
        self.vocabulary = self.table.vocabulary

    def quantise(self, piece: Piece) -> Piece:
        """Starts and ends to the nearest 10 ms, each note at least so long; raises UnusableFile for drums alone."""
        played = ~piece.drums
        if not played.any():
            raise UnusableFile("nothing but drums")
        start, end = (
            rounded(piece.elapsed(ticks[played]), piece.resolution * 1_000_000 // STEPS)
            for ticks in (piece.start, piece.start + piece.duration)
        )
        velocity = centres(self.bins)[bins_of(piece.velocity[played], self.bins)]
        duration = np.maximum(end - start, 1)
        if max(int(start.max()), int(duration.sum()) // VOICES) > LONGEST:
            raise UnusableFile(f"longer than {LONGEST // STEPS // 3600} hours")
        columns = (start, duration, piece.pitch[played], velocity, np.zeros_like(start))
        return self.piece_of(in_order(*columns))

    def piece_of(self, notes: tuple[np.ndarray, ...]) -> Piece:
        return Piece.of(RESOLUTION, [Track(name="Piano")], notes, tempos=[(0, TEMPO)])

    def tokens(self, piece: Piece) -> np.ndarray:
        gap = np.diff(piece.start, prepend=0)
        seconds_between, between = np.divmod(gap - 1, STEPS)
        seconds, rest = np.divmod(piece.duration - 1, STEPS)
        first, one = self.table.first, np.ones(len(piece), np.int64)
        rows = np.column_stack(
            [
                (first("shift") + STEPS - 1) * one,
                first("shift") + between,
                first("pitch") + piece.pitch,
                first("velocity") + bins_of(piece.velocity, self.bins),
                (first("duration") + STEPS - 1) * one,
                first("duration") + rest,
            ]
        )
        counts = np.column_stack([np.maximum(seconds_between, 0), gap > 0, one, one, seconds, one])
        return np.repeat(rows.ravel(), counts.ravel())

    def decode(self, ids: np.ndarray) -> Piece:
        table = self.table
        steps = table.value[ids] + 1
        now = np.cumsum(np.where(table.among(ids, "shift"), steps, 0))
        held = np.cumsum(np.where(table.among(ids, "duration"), steps, 0))
        head = np.flatnonzero(table.among(ids, "pitch"))
        duration = np.append(held[head[1:]], held[-1:])[: len(head)] - held[head]
        head, duration = head[duration > 0], duration[duration > 0]
        velocity = centres(self.bins)[table.value[ids[head + 1]]]
        return self.piece_of((now[head], duration, table.value[ids[head]], velocity, np.zeros_like(head)))

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """From the first note or shift on: a note of the prompt's may still have gone on sounding."""
        rest = ids[prompt:]
        return after(rest, self.table.among(rest, "pitch") | self.table.among(rest, "shift"))

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same performance in another key."""
        return transposed(ids, self.table, rng)

    @cached_property
    def automaton(self) -> Grammar:
        """States: the start; after a shift, after a full one; by pitch, after it, its velocity, its duration."""
        table, keys = self.table, np.arange(128)
        shifted, full = 1, 2
        pitch, velocity, ended, going_on = (3 + 128 * part + keys for part in range(4))
        rules = Rules(3 + 4 * 128, len(self.vocabulary))
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

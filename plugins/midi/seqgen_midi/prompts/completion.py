"""Completes drawn pieces with what their tokens cannot say: the exact tempo of the prompt, or the one asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seqgen_midi.constraints.request import Request
from seqgen_midi.constraints.values import parse_span
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.keys import Key, parse_key
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece, is_new
from seqgen_midi.music.tempos import TEMPOS, nearest_tempo

DEFAULT_MICROSECONDS = 500_000
"""Microseconds in a quarter before the first tempo of a MIDI file."""
TICKS_PER_MILLISECOND = 1
"""Of a performance that is written at a tempo of its own."""


@dataclass(frozen=True)
class Completion:
    """Completes the pieces that are drawn after a prompt, or without one.

    prompt:        the quantised prompt with the tempos of its file
    prompt_end:    the tick at which what follows the prompt begins
    default_tempo: quarters a minute in an encoding without tempos
    """

    encoding: Encoding
    request: Request
    default_tempo: int
    prompt: Piece | None = None
    prompt_end: int = 0

    def __call__(self, piece: Piece, with_prompt: bool) -> Piece:
        piece = replace(piece, key=self._key(piece))
        if not self.encoding.has_bars:
            return self._at_tempo(piece)
        tempos = self._tempos(piece, self.prompt_end if with_prompt else 0)
        return replace(piece, tempos=tempos[is_new(tempos[:, 1])].astype(np.int32)) if len(tempos) else piece

    def _key(self, piece: Piece) -> Key:
        """Returns the key that was asked for, or else that of the prompt's file.

        If both are unknown, returns the key of the piece with its ending.
        """
        if self.request.key is not None:
            return parse_key(self.request.key)
        declared = None if self.prompt is None else self.prompt.key
        return declared or piece.key_with_ending()

    def _tempos(self, piece: Piece, end: int) -> np.ndarray:
        """Returns the tempos of the prompt up to the tick `end`, and then those that were drawn: int[k, 2]."""
        known = np.zeros((0, 2), int) if self.prompt is None else self.prompt.tempos
        known = known[known[:, 0] < max(self.prompt_end, 1)]
        if "tempo" not in self.encoding.table:
            if self.request.tempo is not None:
                tempo = self._clipped(MICROSECONDS_PER_MINUTE / self.default_tempo)
                return np.array([[0, tempo]])
            return known if end or not len(known) else np.array([[0, known[-1, 1]]])
        if not len(known):
            end = 0
        elif known[0, 0] > 0:
            known = np.concatenate([[[0, DEFAULT_MICROSECONDS]], known])
        exact = {int(nearest_tempo(MICROSECONDS_PER_MINUTE / each)): each for each in known[:, 1].tolist()}
        drawn = piece.tempos[piece.tempos[:, 0] >= end]
        at_end = piece.tempos[piece.tempos[:, 0] < end][-1:]
        if piece.end > end and len(at_end) and not (drawn[:, 0] == end).any():
            drawn = np.concatenate([[[end, at_end[0, 1]]], drawn])
        marks = nearest_tempo(MICROSECONDS_PER_MINUTE / np.maximum(drawn[:, 1], 1))
        speeds = [
            self._clipped(exact.get(mark, each))
            for mark, each in zip(marks.tolist(), drawn[:, 1].tolist(), strict=True)
        ]
        return np.concatenate([known[known[:, 0] < end], np.column_stack([drawn[:, 0], np.array(speeds, int)])])

    def _clipped(self, microseconds: float) -> int:
        """Returns the nearest length of a quarter that was asked for, in microseconds."""
        if self.request.tempo is not None:
            lowest, highest = parse_span(self.request.tempo)
            slowest = MICROSECONDS_PER_MINUTE / max(lowest, TEMPOS[0])
            microseconds = min(max(microseconds, MICROSECONDS_PER_MINUTE / min(highest, TEMPOS[-1])), slowest)
        return round(microseconds)

    def _at_tempo(self, piece: Piece) -> Piece:
        """Returns a piece in real time as it is written at the tempo that was asked for.

        Its notes are as fast as before.
        """
        if self.request.tempo is None:
            return piece
        seconds_per_tick = int(piece.tempos[0, 1]) / 1e6 / piece.resolution
        factor = round(1000 * TICKS_PER_MILLISECOND * seconds_per_tick)
        resolution = round(self._clipped(MICROSECONDS_PER_MINUTE / self.default_tempo) / 1000 * TICKS_PER_MILLISECOND)
        tempos = np.array([[0, resolution * 1000 // TICKS_PER_MILLISECOND]], np.int32)
        return replace(
            piece,
            resolution=resolution,
            start=piece.start * factor,
            duration=piece.duration * factor,
            tempos=tempos,
            pedals=piece.pedals * np.array([1, factor, factor], np.int32),
        )

"""The notes of a piece in seconds, for programs that draw and play them."""

from __future__ import annotations

import numpy as np

from seqgen.contract.piano_roll import PianoRoll
from seqgen_midi.display.piano_roll import title_of
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.meters import bar_lines, first_bar_number
from seqgen_midi.music.piece import Piece


def notes_in_seconds(piece: Piece, default_tempo: int) -> np.ndarray:
    """Returns the start and the duration in seconds, pitch, loudness from 0 to 1 and track of each note: float64[n, 5].

    A piece without tempos is played at `default_tempo` quarters a minute.
    """
    begin = piece.seconds(piece.start, default_tempo)
    end = piece.seconds(piece.start + piece.duration, default_tempo)
    return np.array([begin, end - begin, piece.pitch, piece.velocity / 127, piece.track]).T


def piano_roll(piece: Piece, note_numbers: np.ndarray, default_tempo: int) -> PianoRoll:
    """Returns a piece in real time. note_numbers int[n] say which note each id of its document belongs to."""
    lines = bar_lines(piece)
    has_bars = len(piece.meters) > 0
    return PianoRoll(
        notes_in_seconds(piece, default_tempo),
        note_numbers,
        tuple(track_names(piece)),
        tuple(track.is_drums for track in piece.tracks),
        tuple(piece.seconds(np.array(lines), default_tempo).tolist()) if has_bars else (),
        first_bar_number(lines) if has_bars else 1,
        title_of(piece) if len(piece) else "",
    )

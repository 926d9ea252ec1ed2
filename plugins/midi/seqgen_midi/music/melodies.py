"""The melody of a piece: which of its tracks plays it."""

from __future__ import annotations

from seqgen import UnusableFile
from seqgen_midi.music.piece import Piece

MELODY_NAMES = ("melody", "vocal", "voice", "lead", "soprano", "tune")
"""A track whose name holds one of these is taken for the melody."""


def melody_track(piece: Piece) -> int:
    """Returns the track of the melody: one with such a name, else the highest on average.

    Raises UnusableFile without any.
    """
    tracks = [
        number for number, track in enumerate(piece.tracks) if not track.is_drums and (piece.track == number).any()
    ]
    if not tracks:
        raise UnusableFile("no melody")
    named = [number for number in tracks if any(name in piece.tracks[number].name.lower() for name in MELODY_NAMES)]
    return max(named[:1] or tracks, key=lambda number: float(piece.pitch[piece.track == number].mean()))

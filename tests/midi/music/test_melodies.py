"""The melody is the track with such a name, or else the highest."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.music.melodies import melody_track
from seqgen_midi.music.piece import Piece, Track

from seqgen import UnusableFile


def band(*tracks: Track) -> Piece:
    """Each track plays one note; the later the track, the higher the note."""
    number = np.arange(len(tracks))
    return Piece.of(4, tracks, (number, number + 1, 60 + number, 0 * number + 64, number))


@pytest.mark.parametrize(
    ("names", "melody"), [(("MELODY", "BRIDGE", "PIANO"), 0), (("Bass", "Lead voice", "Pad"), 1), (("", "", ""), 2)]
)
def test_a_name_goes_before_the_pitch(names: tuple[str, ...], melody: int) -> None:
    assert melody_track(band(*(Track(name=name) for name in names))) == melody


def test_the_drums_are_no_melody() -> None:
    assert melody_track(band(Track(), Track(is_drums=True, name="melody"))) == 0
    with pytest.raises(UnusableFile, match="no melody"):
        melody_track(band(Track(is_drums=True)))

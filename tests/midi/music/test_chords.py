"""Chord symbols."""

from __future__ import annotations

import pytest
from seqgen_midi.music.chords import QUALITIES, chord_name, quality_of


@pytest.mark.parametrize(
    ("pitch_classes", "root", "quality"),
    [
        ({0, 4, 7}, 0, ""),
        ({9, 0, 4}, 9, "m"),
        ({7, 11, 2, 5}, 7, "7"),
        ({0, 4, 7, 9}, 0, ""),
        ({11, 2, 5, 9}, 11, "m7b5"),
    ],
)
def test_the_largest_quality_that_fits_is_taken(pitch_classes: set[int], root: int, quality: str) -> None:
    assert quality_of(pitch_classes, root) == list(QUALITIES).index(quality)


def test_a_root_alone_is_no_chord_and_chords_have_their_usual_names() -> None:
    assert quality_of({0, 7}, 0) is None
    assert [chord_name(root, quality) for root, quality in ((0, 0), (9, 1), (6, 2), (10, 3))] == [
        "C",
        "Am",
        "F#7",
        "Bbmaj7",
    ]

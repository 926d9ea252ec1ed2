"""Chord symbols."""

from __future__ import annotations

import pytest
from seqgen_midi.music.chords import CHORD_NAMES, QUALITIES, chord_name, parse_chord, quality_of


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


@pytest.mark.parametrize("name", CHORD_NAMES)
def test_every_chord_is_read_from_its_name(name: str) -> None:
    found = parse_chord(name)
    assert found is not None
    assert chord_name(*found) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("Cb", "B"), ("A#min", "Bbm"), ("C/E", "C"), (" Gsus ", "Gsus4"), ("H", None), ("Chorus", None), ("Am/x", None)],
)
def test_other_names_of_a_chord_are_understood_and_words_are_not(text: str, name: str | None) -> None:
    found = parse_chord(text)
    assert (None if found is None else chord_name(*found)) == name

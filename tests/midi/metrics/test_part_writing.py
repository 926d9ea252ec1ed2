"""The rules of part-writing, on chords that break them or keep them."""

from __future__ import annotations

import pytest
from grids import HOLD, REST, Grid
from seqgen_midi.metrics.part_writing import (
    augmented_count,
    closes,
    crossed_ticks,
    hidden_count,
    leading_tones,
    parallel_count,
    sounding_pitches,
    wide_ticks,
)
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.piece import Piece

Chord = tuple[int, int, int, int]
C_MAJOR, A_MINOR = parse_key("Cmaj"), parse_key("Amin")
HELD = (HOLD,) * 4
DOMINANT, TONIC = (71, 67, 62, 55), (72, 67, 64, 48)


def piece(*chords: Chord, length: int = 4) -> Piece:
    """Chords of so many 16ths each."""
    columns: list[tuple[int, ...]] = []
    for chord in chords:
        columns += [chord, *[tuple(REST if code == REST else HOLD for code in chord)] * (length - 1)]
    return Grid("4/4", 0, tuple(columns)).piece()


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ((72, 64, 55, 48), (71, 65, 57, 50), 1),  # tenor and bass: fifths
        ((72, 64, 55, 48), (74, 62, 57, 50), 2),  # soprano and bass: octaves too; soprano and tenor: fourths
        ((72, 64, 55, 48), (72, 65, 69, 50), 1),  # a fifth, then a twelfth, both upwards
        ((72, 64, 55, 48), (71, 65, 62, 43), 0),  # contrary motion
        ((72, 64, 55, 48), (72, 64, 55, 48), 0),  # no motion
        ((72, 64, 48, 55), (71, 65, 50, 57), 1),  # crossed voices a fifth apart
        ((72, 64, 50, 55), (71, 65, 52, 57), 0),  # crossed voices a fourth apart
        ((72, 64, REST, 48), (71, 65, 57, 50), 0),
    ],
)
def test_parallels_are_two_perfect_intervals_of_one_size_in_similar_motion(first: Chord, second: Chord, count: int):
    assert parallel_count(piece(first, second)) == count


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ((64, 60, 55, 48), (69, 60, 57, 50), 1),  # a tenth, then a twelfth, the soprano leaps
        ((67, 60, 55, 50), (69, 60, 57, 62), 0),  # the soprano steps
        ((64, 60, 55, 50), (69, 60, 57, 50), 0),  # the bass stays
        ((67, 60, 55, 48), (74, 60, 57, 55), 0),  # from a fifth to a fifth: parallel
    ],
)
def test_hidden_fifths_are_reached_by_a_leap_of_the_soprano(first: Chord, second: Chord, count: int):
    assert hidden_count(sounding_pitches(piece(first, second))) == count


def test_ticks_with_crossed_voices_and_with_wide_spacing_are_counted():
    sounding = sounding_pitches(piece((72, 64, 67, 48), (72, 64, 60, 48), (79, 66, 60, 40), (72, 73, 74, 48)))
    assert crossed_ticks(sounding) == 8
    assert wide_ticks(sounding) == 4


def test_a_leading_tone_at_a_cadence_goes_to_the_tonic():
    def count(*chords: Chord) -> tuple[int, int]:
        return leading_tones(sounding_pitches(piece(*chords)), C_MAJOR)

    assert count(DOMINANT, TONIC) == (1, 0)
    assert count(DOMINANT, (71, 67, 64, 48), TONIC) == (1, 0), "a suspension"
    assert count(DOMINANT, (67, 67, 64, 48)) == (1, 1)
    assert count(DOMINANT, (71, 67, 64, 48)) == (1, 1)
    assert count((72, 67, 64, 48), (69, 65, 60, 53)) == (0, 0), "the tonic's third is none"
    assert count((71, 67, 62, 55), (72, 65, 57, 53)) == (0, 0), "no cadence"
    short = Grid("4/4", 0, (DOMINANT, HELD, TONIC, HELD, (69, 65, 60, 53), HELD)).piece()
    assert leading_tones(sounding_pitches(short), C_MAJOR) == (0, 0)


@pytest.mark.parametrize(
    ("soprano", "count"),
    [
        ((65, 68), 1),
        ((68, 65), 1),
        ((65, 71), 1),
        ((71, 65), 1),
        ((59, 65), 0),
        ((60, 61), 0),
        ((64, 76), 0),
        ((65, 67), 0),
    ],
)
def test_augmented_steps_are_told_from_others_by_their_spelling(soprano: tuple[int, int], count: int):
    made = piece(*((pitch, 64, 57, 45) for pitch in soprano))
    assert augmented_count(made, A_MINOR) == count


@pytest.mark.parametrize(
    ("chord", "key", "closed"),
    [
        (TONIC, "Cmaj", True),
        ((72, 67, 63, 48), "Cmin", True),
        ((72, 67, 64, 48), "Cmin", True),  # the major third of a Picardy cadence
        ((72, 64, 60, 48), "Cmaj", True),  # without the fifth
        ((72, 67, 60, 48), "Cmaj", False),  # without the third
        ((72, 67, 60, 52), "Cmaj", False),  # in first inversion
        (TONIC, "Gmaj", False),
        ((71, 67, 62, 55), "Cmaj", False),
        ((72, 67, 64, REST), "Cmaj", False),
    ],
)
def test_a_piece_closes_with_the_triad_on_its_tonic(chord: Chord, key: str, closed: bool):
    assert closes(piece(DOMINANT, chord), parse_key(key)) is closed


def test_the_final_chord_lasts_a_quarter():
    assert not closes(piece(DOMINANT, TONIC, length=3), C_MAJOR)
    assert closes(piece(DOMINANT, TONIC, HELD, length=2), C_MAJOR)

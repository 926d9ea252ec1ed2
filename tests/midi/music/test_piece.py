"""Pieces: their times, their selections, and the order of their notes."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.music.piece import Piece, Track, is_new, round_half_up, sort_notes


def piece(**maps: object) -> Piece:
    notes = np.array([(0, 4, 60, 80, 0), (2, 4, 36, 90, 1), (4, 8, 64, 70, 0)]).T
    return Piece.of(4, [Track(), Track(is_drums=True)], list(notes), **maps)


def test_time_follows_the_tempos_or_the_default() -> None:
    made = piece(tempos=[(4, 1_000_000), (8, 250_000)])
    assert made.seconds(np.array([0, 4, 6, 8, 12])).tolist() == [0, 0.5, 1, 1.5, 1.75]
    assert made.length_in_seconds(default_tempo=60) == 1.75
    assert piece().length_in_seconds(default_tempo=60) == 3
    assert piece().length_in_seconds() == 1.5


def test_a_selection_keeps_tracks_and_maps() -> None:
    made = piece(meters=[(0, 3, 4)])
    drums = made.select(made.is_drum)
    assert (drums.pitch.tolist(), drums.track.tolist(), len(drums.tracks)) == ([36], [1], 2)
    assert drums.meters.tolist() == [[0, 3, 4]]
    assert made.end == 12


def test_pitch_classes_are_weighed_by_time_without_drums() -> None:
    assert np.flatnonzero(piece().pitch_class_ticks()).tolist() == [0, 4]
    assert piece().pitch_class_ticks()[[0, 4]].tolist() == [4, 8]


def test_notes_are_sorted_by_start_track_pitch_duration_and_velocity() -> None:
    rows = np.random.default_rng(0).integers(0, 3, (200, 5))
    start, duration, pitch, velocity, track = rows.T
    expected = sorted(map(tuple, np.column_stack([start, track, pitch, duration, velocity]).tolist()))
    first, length, key, loud, player = sort_notes(start, duration, pitch, velocity, track)
    assert list(map(tuple, np.column_stack([first, player, key, length, loud]).tolist())) == expected


@pytest.mark.parametrize(("numerator", "nearest"), [(0, 0), (1, 0), (2, 1), (3, 1), (6, 2), (-2, 0), (-3, -1)])
def test_halves_are_rounded_upward(numerator: int, nearest: int) -> None:
    assert round_half_up(numerator, 4) == nearest


def test_a_value_is_new_where_it_differs_from_the_one_before() -> None:
    assert is_new(np.array([3, 3, 4, 3])).tolist() == [True, False, True, True]
    assert is_new(np.array([], int)).tolist() == []


@pytest.mark.parametrize(
    ("lowest", "final"), [(55, 7), (59, None), (62, None)], ids=["root position", "first inversion", "second inversion"]
)
def test_many_voices_end_on_the_root_of_a_triad_or_nowhere(lowest: int, final: int | None) -> None:
    chord = {55: (59, 62), 59: (62, 67), 62: (67, 71)}[lowest]
    rows = [(0, 8, chord[0], 80, 0), (4, 4, chord[1], 80, 0), (0, 8, lowest, 80, 0), (4, 4, 36, 80, 1)]
    notes = np.array(rows).T
    assert Piece.of(4, [Track(), Track(is_drums=True)], list(notes)).final_pitch_class() == final


def test_one_voice_ends_on_its_last_note() -> None:
    notes = np.array([(0, 4, 62, 80, 0), (4, 4, 67, 80, 0), (0, 8, 36, 80, 1)]).T
    assert Piece.of(4, [Track(), Track(is_drums=True)], list(notes)).final_pitch_class() == 7
    assert piece().select(np.zeros(3, bool)).final_pitch_class() is None


@pytest.mark.parametrize(
    ("last", "key"), [((48, 64, 67), "Cmaj"), ((43, 62, 71), "Gmix"), ((40, 71), "Cmaj"), ((45, 60), "Amin")]
)
def test_the_key_is_that_of_a_final_triad(last: tuple[int, ...], key: str) -> None:
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 64, 60]
    pitch = np.array([*scale, *last])
    start = np.minimum(np.arange(len(pitch)), len(scale))
    one = np.ones_like(pitch)
    piece = Piece.of(1, [Track()], (start, one, pitch, 80 * one, 0 * one))
    assert piece.key_with_ending().name == key


@pytest.mark.parametrize(("chord", "key"), [((0, 9, 1), "Amin"), ((0, 2, 1), "Cmaj")])
def test_a_melody_that_ends_on_the_root_of_its_last_chord_symbol_is_in_its_key(
    chord: tuple[int, int, int], key: str
) -> None:
    notes = np.array(
        [(0, 4, 69, 80, 0), (4, 4, 72, 80, 0), (8, 4, 76, 80, 0), (12, 4, 69 if key != "Cmaj" else 72, 80, 0)]
    )
    assert Piece.of(4, [Track()], list(notes.T), chords=[chord]).key_with_ending().name == key

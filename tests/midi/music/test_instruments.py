"""Instruments by name, and the names of tracks."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.music.instruments import parse_instruments, track_names
from seqgen_midi.music.piece import Piece, Track

from seqgen import UnknownName


@pytest.mark.parametrize(
    ("text", "programs", "drums"),
    [("piano", set(range(8)), False), ("Violin, DRUMS", {40}, True), ("73", {73}, False), ("drums", set(), True)],
)
def test_families_programs_numbers_and_drums_are_known(text: str, programs: set[int], drums: bool) -> None:
    assert parse_instruments(text) == (programs, drums)


@pytest.mark.parametrize("text", ["violine", "128", "piano,"])
def test_another_name_is_refused(text: str) -> None:
    with pytest.raises(UnknownName, match="There is no instrument"):
        parse_instruments(text)


def test_a_second_track_of_a_name_gets_a_number() -> None:
    tracks = [Track(name="Lead"), Track(73), Track(73), Track(is_drums=True), Track(name="Lead")]
    piece = Piece.of(4, tracks, [np.zeros(0)] * 5)
    assert track_names(piece) == ["Lead", "Flute", "Flute 2", "Drums", "Lead 2"]

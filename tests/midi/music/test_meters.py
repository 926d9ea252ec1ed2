"""Where bars begin, whatever the time signatures of a piece."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from seqgen_midi.music.meters import bar_lines, bar_quarters, first_bar_number, has_pickup, meter_at
from seqgen_midi.music.piece import Piece, Track


def piece(end: int, *meters: tuple[int, int, int], resolution: int = 4) -> Piece:
    return Piece.of(resolution, [Track()], [np.array([number]) for number in (0, end, 60, 80, 0)], meters=meters)


@pytest.mark.parametrize(
    ("made", "lines", "pickup"),
    [
        (piece(20), [0, 16, 32], False),
        (piece(16, (0, 4, 4)), [0, 16], False),
        (piece(30, (0, 1, 4), (4, 3, 4)), [0, 4, 16, 28, 40], True),
        (piece(20, (0, 4, 4), (10, 3, 4)), [0, 10, 22], True),
        (piece(30, (0, 3, 4), (24, 2, 4)), [0, 12, 24, 32], False),
        (piece(20, (0, 0, 4)), [0, 16, 32], False),
    ],
)
def test_a_time_signature_begins_a_bar(made: Piece, lines: list[int], pickup: bool) -> None:
    assert bar_lines(made) == lines
    assert has_pickup(lines) == pickup
    assert first_bar_number(lines) == 1 - pickup


def test_there_is_a_bar_for_what_follows_the_last_note_and_in_an_empty_piece() -> None:
    assert bar_lines(piece(4), end=20) == [0, 16, 32]
    nothing: Any = [np.zeros(0)] * 5
    assert bar_lines(Piece.of(4, [Track()], nothing)) == [0, 16]


def test_a_meter_holds_until_the_next_one() -> None:
    made = piece(40, (8, 3, 4), (20, 6, 8))
    assert [meter_at(made, tick) for tick in (0, 8, 19, 20)] == [(4, 4), (3, 4), (3, 4), (6, 8)]
    assert [bar_quarters(name) for name in ("4/4", "6/8", "1/8")] == [4, 3, 0.5]

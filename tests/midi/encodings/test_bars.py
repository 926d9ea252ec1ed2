"""Bars on a grid, beside bars that are laid out one by one."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.encodings.bars import BarCells, bars_of, meter_map
from seqgen_midi.music.meters import METERS
from seqgen_midi.music.piece import Piece, Track

from seqgen import UnusableFile


def piece(*meters: tuple[int, int, int]) -> Piece:
    return Piece.of(480, [Track()], [np.array([number]) for number in (0, 480, 60, 80, 0)], meters=meters)


def test_a_change_of_meter_waits_for_the_bar_line_and_an_unknown_meter_is_ignored() -> None:
    starts, meters = bars_of(piece((0, 3, 4), (480, 4, 4), (9600, 19, 16)), 4, 50)
    assert starts.tolist() == [0, 12, 28, 44]
    assert [METERS[meter] for meter in meters] == ["3/4", "4/4", "4/4", "4/4"]
    assert meter_map(starts, meters).tolist() == [[0, 3, 4], [12, 4, 4]]


def test_a_piece_of_too_many_bars_is_refused() -> None:
    with pytest.raises(UnusableFile, match="longer than 5000 bars"):
        bars_of(piece(), 4, 16 * 5001)


def test_meters_of_one_length_share_their_cells() -> None:
    cells = BarCells(4)
    assert len(cells) == sum(cells.lengths) == sum({2 * eighths for eighths in (8, 6, 4, 2, 12, 10, 3, 9, 7, 5, 14, 1)})
    by_name = dict(zip(METERS, cells.lengths[cells.length_of_meter].tolist(), strict=True))
    assert (by_name["4/4"], by_name["2/2"], by_name["7/8"], by_name["1/8"]) == (16, 16, 14, 2)
    assert cells.step[cells.first].tolist() == [0] * len(cells.lengths)

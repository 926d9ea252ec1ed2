"""Bars on a grid, beside bars that are laid out one by one."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.encodings.bars import BarCells, bars_of, meter_map
from seqgen_midi.music.meters import METERS, meters_on_grid
from seqgen_midi.music.piece import Piece, Track

from seqgen import UnusableFile


def piece(*meters: tuple[int, int, int], resolution: int = 480) -> Piece:
    return Piece.of(resolution, [Track()], [np.array([number]) for number in (0, 480, 60, 80, 0)], meters=meters)


def test_a_change_of_meter_begins_a_bar_and_one_past_the_last_note_does_not_count() -> None:
    starts, meters = bars_of(piece((0, 3, 4), (480, 4, 4), (9600, 19, 16)), 4, 50)
    assert starts.tolist() == [0, 4, 20, 36]
    assert [METERS[meter] for meter in meters] == ["1/4", "4/4", "4/4", "4/4"]
    assert meter_map(starts, meters).tolist() == [[0, 1, 4], [4, 4, 4]]


def test_a_bar_that_is_cut_short_has_the_meter_of_its_length() -> None:
    starts, meters = bars_of(piece((2400, 4, 4), (2400 + 1920 + 360, 3, 4)), 12, 150)
    assert starts.tolist() == [0, 48, 60, 108, 117]
    assert [METERS[meter] for meter in meters] == ["4/4", "1/4", "4/4", "3/16", "3/4"]
    again = piece(*meter_map(starts, meters).tolist(), resolution=12)
    assert [array.tolist() for array in bars_of(again, 12, 150)] == [starts.tolist(), meters.tolist()]


@pytest.mark.parametrize(
    ("signature", "read"),
    [
        ((4, 8), "2/4"), ((2, 8), "1/4"), ((6, 16), "3/8"), ((8, 8), "4/4"), ((2, 1), "4/2"), ((12, 16), "3/4"),
        ((4, 16), "1/4"), ((3, 2), "3/2"), ((22, 16), "11/8"), ((2, 16), "1/8"), ((1, 16), "1/16"), ((9, 16), "9/16"),
    ],
)  # fmt: skip
def test_a_meter_without_a_token_is_read_as_one_of_the_same_length(signature: tuple[int, int], read: str) -> None:
    starts, meters = bars_of(piece((0, *signature)), 4, 100)
    assert {METERS[meter] for meter in meters} == {read}
    assert set(np.diff(starts).tolist()) == {16 * signature[0] // signature[1]}


@pytest.mark.parametrize("signature", [(1, 32), (19, 16), (32, 4), (5, 64)])
def test_bars_that_no_token_says_are_refused_with_a_reason(signature: tuple[int, int]) -> None:
    with pytest.raises(UnusableFile, match=rf"bars of {signature[0]}/{signature[1]}, which the grid does not have"):
        bars_of(piece((0, *signature)), 12, 20)
    with pytest.raises(UnusableFile, match="a bar that is cut short"):
        bars_of(piece((40, 3, 4)), 12, 20)


def test_a_signature_between_two_steps_begins_a_bar_at_the_nearest_one() -> None:
    starts, _ = bars_of(piece((1925, 3, 4)), 4, 30)
    assert starts.tolist() == [0, 16, 28]


def test_a_grid_has_the_meters_whose_bars_are_whole_steps() -> None:
    assert "3/16" in meters_on_grid(4)
    assert "3/16" not in meters_on_grid(6)
    for resolution in (2, 4, 6, 8, 12, 16, 24):
        assert meters_on_grid(resolution) == METERS[: len(meters_on_grid(resolution))]


def test_a_piece_of_too_many_bars_is_refused() -> None:
    with pytest.raises(UnusableFile, match="longer than 5000 bars"):
        bars_of(piece(), 4, 16 * 5001)


def test_meters_of_one_length_share_their_cells() -> None:
    cells = BarCells(4)
    sixteenths = {16, 12, 8, 4, 24, 20, 6, 18, 14, 10, 28, 2, 32, 22, 3, 1, 9, 5, 7, 11, 13, 15}
    assert len(cells) == sum(cells.lengths) == sum(sixteenths)
    by_name = dict(zip(METERS, cells.lengths[cells.length_of_meter].tolist(), strict=True))
    assert (by_name["4/4"], by_name["2/2"], by_name["7/8"], by_name["1/8"]) == (16, 16, 14, 2)
    assert cells.step[cells.first].tolist() == [0] * len(cells.lengths)

"""Written music keeps to a grid, and free playing does not."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.music.grids import aligned, is_on_grid, offsets
from seqgen_midi.music.piece import Piece, Track


def piece_at(start: np.ndarray) -> Piece:
    one = np.ones(len(start), int)
    return Piece.of(960, [Track()], (start, 9 * one, 60 * one, 80 * one, 0 * one))


def test_the_offset_is_the_distance_to_the_nearest_step() -> None:
    assert offsets(np.array([0, 1 / 3, 0.5, 0.7]), 4) == pytest.approx([0, 1 / 3, 0, 0.2])
    assert offsets(np.array([1 / 3, 2 / 3]), 12) == pytest.approx([0, 0])


@pytest.mark.parametrize("step", [40, 80, 120, 240, 320])
def test_rhythms_that_are_written_are_on_the_grid(step: int) -> None:
    assert is_on_grid(piece_at(step * np.arange(50)))


def test_free_playing_is_on_no_grid() -> None:
    gaps = np.random.default_rng(0).integers(100, 900, 200)
    assert not is_on_grid(piece_at(np.cumsum(gaps)))
    assert is_on_grid(piece_at(np.concatenate([240 * np.arange(150), 36_001 + np.cumsum(gaps[:50])])))


@pytest.mark.parametrize("shift", [13, 20, 173, 339])
@pytest.mark.parametrize("grid", [4, 12])
def test_music_on_a_grid_that_the_beats_are_not_on_is_not_played_freely(shift: int, grid: int) -> None:
    start = shift + 480 * np.arange(60) + 240 * (np.arange(60) % 2)
    assert is_on_grid(piece_at(start))
    assert offsets(aligned(start / 960, grid), grid).max() <= 0.25
    moved = aligned(start / 960, grid) - start / 960
    assert np.ptp(moved) == pytest.approx(0)
    assert abs(moved[0]) < 1 / grid + 1 / 24


def test_triplets_are_not_shifted_onto_a_grid_without_them() -> None:
    quarters = np.arange(30) / 3
    assert aligned(quarters, 4) is quarters

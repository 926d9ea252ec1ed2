"""Velocities in bins."""

from __future__ import annotations

import pytest
import quantising_reference as reference


@pytest.mark.parametrize("bins", range(1, 128))
def test_velocities_move_by_half_a_bin_at_most(bins: int) -> None:
    assert all(abs(reference.binned(velocity, bins) - velocity) <= 127 / bins / 2 + 0.5 for velocity in range(1, 128))

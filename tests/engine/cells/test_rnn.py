"""The simple RNN beside its equation in float64."""

from __future__ import annotations

import pytest

from engine import reference
from engine.cells.checks import CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_equations(check):
    check("rnn", reference.rnn_step)

"""Bounds on what a document costs."""

from __future__ import annotations

import numpy as np
import pytest
from engine import toys

from seqgen.grammar import EOS, Budget


def test_what_is_left_says_which_tokens_may_come():
    budget = Budget(toys.COST, 3, 5)
    assert budget.slack == 2
    assert budget.remaining(np.array([0, 2, 3])) == 2
    assert not budget.allowed(3)[EOS]
    assert budget.allowed(2)[EOS]
    assert budget.allowed(1).tolist() == [True, True, True, False, True, True]


def test_bounds_that_nothing_keeps_are_refused():
    for wrong in ({"maximum": -1}, {"maximum": 3, "end_token": 3}):
        with pytest.raises(ValueError, match="must be 0 or more"):
            Budget(toys.COST, 0, **wrong)

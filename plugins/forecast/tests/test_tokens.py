"""Values and tokens, the grammar of phases, and the registers."""

from __future__ import annotations

import numpy as np
from seqgen_forecast.tokens import (
    BIN_COUNT,
    BINS_PER_UNIT,
    FIRST_BIN,
    FIRST_PHASE,
    MISSING,
    grammar_of,
    registers_of,
    tokens_of,
    values_of,
    vocabulary,
)

from seqgen import BOS


def test_a_value_is_rounded_to_the_nearest_bin():
    values = np.linspace(-8, 8, 1001)
    assert np.abs(values_of(tokens_of(values)) - values).max() <= 0.5 / BINS_PER_UNIT + 1e-9


def test_values_beyond_the_bins_are_in_the_outermost_and_nan_is_missing():
    tokens = tokens_of(np.array([-1e9, 1e9, np.nan]))
    assert tokens.tolist() == [FIRST_BIN, FIRST_BIN + BIN_COUNT - 1, MISSING]
    assert np.isnan(values_of(tokens)[2])
    assert vocabulary(3)[FIRST_BIN] == "value:-8"


def test_the_state_says_the_phase_of_the_next_value():
    grammar = grammar_of(7)
    states = grammar.unroll(np.array([BOS, FIRST_PHASE + 5, FIRST_BIN, MISSING, FIRST_BIN]))
    assert grammar.state_class[states].tolist() == [0, 6, 7, 1, 2]


def test_registers_hold_the_last_value_and_those_of_a_season_and_a_week_ago():
    registers = registers_of(2, 6)
    ids = np.array([BOS, FIRST_PHASE, *range(FIRST_BIN, FIRST_BIN + 8)])
    held = registers.unroll(ids, np.zeros(len(ids), np.int32))[-1][:3]
    assert (held - 1).tolist() == [7, 6, 2]  # the next value is the eighth: one, two and six steps before it

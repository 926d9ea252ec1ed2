"""Tokens of a window: the phase of its first value, then one token for each value.

A scaled value is rounded to one of BIN_COUNT bins of equal width. Values beyond the outermost bins are in them.
"""

from __future__ import annotations

import numpy as np

from seqgen import EOS, Grammar, Vocabulary
from seqgen.grammar import NO_COORDINATE, Registers, TransitionTable, lags

FIRST = EOS + 1
BIN_COUNT, BINS_PER_UNIT = 129, 8
"""Bins reach from −8 to 8 times the mean distance from the mean."""
MISSING = FIRST
FIRST_BIN = MISSING + 1
FIRST_PHASE = FIRST_BIN + BIN_COUNT


def vocabulary(phases: int) -> Vocabulary:
    """Returns the names of the tokens: missing, the bins, and the phases."""
    centre = BIN_COUNT // 2
    bins = [f"value:{(number - centre) / BINS_PER_UNIT:g}" for number in range(BIN_COUNT)]
    return Vocabulary(["missing", *bins, *(f"phase:{phase}" for phase in range(phases))])


def tokens_of(scaled: np.ndarray) -> np.ndarray:
    """Returns the token of each scaled value float64[n], int32[n]; NaN is missing."""
    numbers = np.clip(np.round(np.nan_to_num(scaled) * BINS_PER_UNIT) + BIN_COUNT // 2, 0, BIN_COUNT - 1)
    return np.where(np.isnan(scaled), MISSING, FIRST_BIN + numbers).astype(np.int32)


def values_of(tokens: np.ndarray) -> np.ndarray:
    """Returns the centre of the bin of each token int[…] as float64; NaN for any other token."""
    numbers = np.asarray(tokens) - FIRST_BIN
    is_bin = (numbers >= 0) & (numbers < BIN_COUNT)
    return np.where(is_bin, (numbers - BIN_COUNT // 2) / BINS_PER_UNIT, np.nan)


def value_tokens(phases: int) -> np.ndarray:
    """Whether each token is a value or missing: bool[V]."""
    tokens = np.arange(FIRST_PHASE + phases)
    return (tokens >= MISSING) & (tokens < FIRST_PHASE)


def grammar_of(phases: int) -> Grammar:
    """Returns the automaton: a phase, then any values. State 1 + p is told that the next value has phase p."""
    table = TransitionTable(1 + phases, FIRST_PHASE + phases)
    states = 1 + np.arange(phases)
    table.allow(0, FIRST_PHASE + np.arange(phases), states[None, :])
    table.allow(states, np.arange(MISSING, FIRST_PHASE), (1 + (np.arange(phases) + 1) % phases)[:, None])
    table.allow(states, EOS, 0)
    return table.grammar(np.arange(1 + phases, dtype=np.int32))


def registers_of(season: int, phases: int) -> Registers:
    """Returns registers that hold the last value, and the ones a season and all phases ago."""
    tokens = np.arange(FIRST_PHASE + phases)
    is_bin = (tokens >= FIRST_BIN) & (tokens < FIRST_PHASE)
    coordinate = np.where(is_bin, tokens - FIRST_BIN, NO_COORDINATE).astype(np.int32)
    return lags(coordinate, sorted({1, season, phases}), 1 + phases)

"""Melodies in one time signature, with or without a pickup: what new melodies are."""

from __future__ import annotations

import numpy as np

from seqgen import EOS, Grammar
from seqgen.grammar import TransitionTable, intersect
from seqgen_midi.encodings.tokens import Role, TokenTable
from seqgen_midi.music.meters import bar_quarters

MAX_PICKUP_QUARTERS = 1.25
"""The longest bar that counts as a pickup. Longer ones are full bars."""


def pickup_tokens(table: TokenTable) -> np.ndarray:
    """Whether each token begins a bar that can be a pickup: bool[V]."""
    is_pickup = np.zeros(len(table.vocabulary), bool)
    is_pickup[table.ids("bar")] = [bar_quarters(meter) <= MAX_PICKUP_QUARTERS for meter in table.values["bar"]]
    return is_pickup


def in_one_meter(grammar: Grammar, table: TokenTable, *, may_have_pickup: bool) -> Grammar:
    """Returns the documents of a grammar whose bars have one time signature, which is longer than a pickup.

    may_have_pickup: whether a shorter bar may stand before them

    Raises EmptyLanguage where there are none.
    """
    is_bar, is_pickup = table.of_role(Role.BAR), pickup_tokens(table)
    meters = np.flatnonzero(is_bar & ~is_pickup & grammar.allowed.any(axis=0))
    others = ~is_bar
    others[[0, EOS]] = False
    # The states: the start, after a pickup, and within each time signature.
    start, after_pickup, first = 0, 1, 2
    rules = TransitionTable(first + len(meters), len(table.vocabulary))
    for number, meter in enumerate(meters.tolist()):
        state = first + number
        for before in (start, after_pickup, state):
            rules.allow(before, meter, state)
        rules.allow(state, np.flatnonzero(others), state)
        rules.allow(state, EOS, 0)
    if may_have_pickup:
        rules.allow(start, np.flatnonzero(is_pickup), after_pickup)
        rules.allow(after_pickup, np.flatnonzero(others), after_pickup)
    return intersect(grammar, rules.grammar(np.zeros(first + len(meters), np.int32)))

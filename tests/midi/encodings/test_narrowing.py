"""Narrowed grammars stay small and have no dead ends."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain

from seqgen.grammar import trim


@pytest.mark.parametrize("name", ["melody", "drums", "score"])
def test_many_bars_leave_no_dead_end_and_keep_the_commonest_meters(name: str, domains: dict[str, MidiDomain]) -> None:
    grammar = domains[name].grammar(domains[name].Constraints(bars=32))
    assert grammar.state_count <= 20_000
    assert np.array_equal(trim(grammar).allowed, grammar.allowed)
    assert grammar.allowed[grammar.start, domains[name].vocabulary.ids["bar:4/4"]]

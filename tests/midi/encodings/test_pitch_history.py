"""The last pitches of a document, held against a list that is kept by hand."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.pitch_history import HISTORY_LENGTH


@pytest.mark.parametrize("name", ["score", "performance"])
def test_registers_hold_the_last_pitches_with_the_newest_first(name: str, domains: dict[str, MidiDomain]) -> None:
    encoding = domains[name].encoding
    registers = encoding.registers
    assert registers is not None
    grammar = encoding.automaton
    assert registers.fits(grammar.vocabulary_size, grammar.class_count)
    pitch_of = dict(zip(encoding.table.ids("pitch").tolist(), encoding.table.numbers("pitch").tolist(), strict=True))
    ids = grammar.walk(np.random.default_rng(1))
    kept: list[int] = []
    values = [None, *registers.coordinates.tolist()]
    for token, held in zip(ids.tolist(), registers.unroll(ids, grammar.state_class[grammar.unroll(ids)]), strict=True):
        kept = ([pitch_of[token]] if token in pitch_of else []) + kept
        expected = [*kept, *[None] * HISTORY_LENGTH][:HISTORY_LENGTH]
        assert [values[number] for number in held.tolist()] == expected
    assert len(kept) > HISTORY_LENGTH


def test_drums_have_no_pitches_to_compare(domains: dict[str, MidiDomain]) -> None:
    assert domains["drums"].encoding.registers is None

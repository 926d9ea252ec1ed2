"""The registers of chorales hold what the voices sing, whatever the bar and the constraints."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_midi.encodings.chorale_grammar import (
    ALL_PITCHES,
    FIRST_PICKUP,
    FIRST_PITCH,
    HOLD,
    LOWEST,
    METERS,
    REST,
    TABLE,
    chorale_grammar,
    full_grammar,
)
from seqgen_midi.encodings.chorale_registers import COUNT, chorale_registers

from seqgen.grammar import Grammar, Registers

FIRST_METER = TABLE.first("meter")


def voices_after(document: np.ndarray) -> np.ndarray:
    """What each voice sings, sang a column before, and how long it has held its note, read off column by column.

    int[n, 12], after each token; pitches count from 1, and 0 is silence.
    """
    now, before, held = np.zeros(4, int), np.zeros(4, int), np.zeros(4, int)
    rows = [np.zeros(COUNT, int)] * 3
    for place, token in enumerate(document[3:]):
        voice = place % 4
        before[voice] = now[voice]
        held[voice] = held[voice] + 1 if token == HOLD else 0
        now[voice] = now[voice] if token == HOLD else max(0, token - FIRST_PITCH + 1)
        rows.append(np.concatenate([now, before, held]))
    return np.array(rows)


@pytest.mark.parametrize(
    "grammar",
    [full_grammar(), chorale_grammar(METERS[:2], ALL_PITCHES, bars=2), chorale_grammar(["3/4"], ALL_PITCHES)],
    ids=["all", "counted bars", "one meter"],
)
def test_they_hold_the_voices_now_and_before_and_count(grammar: Grammar):
    registers: Registers = chorale_registers()
    assert registers.fits(grammar.vocabulary_size, grammar.class_count)
    for seed in range(4):
        document = grammar.walk(np.random.default_rng(seed), max_length=150)
        document = document[:-1] if document[-1] == 1 else document
        after = registers.unroll(document, grammar.state_class[grammar.unroll(document)])
        np.testing.assert_array_equal(after, voices_after(document))


def test_a_held_note_is_compared_by_its_pitch_and_a_rest_by_nothing():
    registers, grammar = chorale_registers(), full_grammar()
    soprano = FIRST_PITCH + 72 - LOWEST
    ids = np.array([0, FIRST_METER, FIRST_PICKUP, soprano, REST, REST, REST, HOLD, REST])
    classes = grammar.state_class[grammar.unroll(ids)]
    subjects = registers.subject[registers.update[classes, registers.kind[ids]]]
    assert subjects[3] == COUNT
    assert subjects[7] == 0
    assert subjects[8] == COUNT + 1

"""The registers of melodies hold the last notes, the root of the chord, and how long the last note has lasted."""

from __future__ import annotations

from helpers import document
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.melody_registers import CHORD_ROOT, LAST_PITCHES, LASTED, melody_registers


def test_they_hold_the_last_notes_and_the_root(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    grammar = domain.grammar()
    registers = melody_registers(domain.encoding.table, grammar.class_count)
    assert registers.fits(grammar.vocabulary_size, grammar.class_count)
    ids = document(domain, "bar:2/4 chord:G pitch:67 hold pitch:71 hold chord:D7 rest rest pitch:62 hold")[:-1]
    held = registers.unroll(ids, grammar.state_class[grammar.unroll(ids)])
    # A register holds 1 + the place of a pitch among all pitches, and a root is a pitch from middle C on.
    assert held[:, 0].tolist() == [0, 0, 0, 68, 68, 72, 72, 72, 72, 72, 63, 63]
    assert held[-1, :LAST_PITCHES].tolist() == [63, 72, 68, 0]
    assert held[:, CHORD_ROOT].tolist() == [0, 0, 68, 68, 68, 68, 68, 63, 63, 63, 63, 63]
    assert held[:, LASTED].tolist() == [0, 0, 0, 0, 1, 0, 1, 1, 2, 3, 0, 1]

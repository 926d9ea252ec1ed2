"""What the pitches of a melody are compared with: its last four notes and the root of the chord.

There are six registers:

    0 … 3    the pitches of the last four notes, the newest first
    4        the root of the chord symbol that holds, in the octave from middle C on
    5        for how many steps the last note, or the rest after it, has lasted
"""

from __future__ import annotations

import numpy as np

from seqgen.grammar import NO_COORDINATE, Registers
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.chords import QUALITIES

LAST_PITCHES = 4
CHORD_ROOT, LASTED, COUNT = LAST_PITCHES, LAST_PITCHES + 1, LAST_PITCHES + 2
"""The registers after those of the pitches, and the number of all registers."""
OF_TOKEN, NOTHING, ONE_MORE = COUNT, COUNT + 1, COUNT + 2
"""Where a register takes its value from, if not from another one."""
MIDDLE_C = 60
OTHER_KIND, NOTE_KIND, HOLD_KIND, REST_KIND, CHORD_KIND = range(5)


def melody_registers(table: TokenTable, class_count: int) -> Registers:
    """Returns the registers of the documents of a token table, and how they change."""
    kind = np.full(len(table.vocabulary), OTHER_KIND, np.int32)
    coordinate = np.full(len(table.vocabulary), NO_COORDINATE, np.int32)
    for name, number in (("pitch", NOTE_KIND), ("hold", HOLD_KIND), ("rest", REST_KIND), ("chord", CHORD_KIND)):
        kind[table.ids(name)] = number
    coordinate[table.ids("pitch")] = table.numbers("pitch")
    coordinate[table.ids("chord")] = MIDDLE_C + table.value[table.ids("chord")] // len(QUALITIES)
    # An update for each kind of tokens.
    sources = np.tile(np.arange(COUNT, dtype=np.int32), (5, 1))
    sources[NOTE_KIND, :LAST_PITCHES] = [OF_TOKEN, *range(LAST_PITCHES - 1)]
    sources[NOTE_KIND, LASTED] = NOTHING
    sources[[HOLD_KIND, REST_KIND], LASTED] = ONE_MORE
    sources[CHORD_KIND, CHORD_ROOT] = OF_TOKEN
    subject = np.array([NOTHING, OF_TOKEN, 0, NOTHING, OF_TOKEN], np.int32)
    update = np.tile(np.arange(5, dtype=np.int32), (class_count, 1))
    return Registers(coordinate, kind, update, sources, subject, counter_count=1)

"""What the pitches of a chorale are compared with: its four voices now and one column before.

There are twelve registers, one for each voice of three kinds:

    0 … 3    the pitch that the voice sings now; for a voice whose turn is still to come, in the column before
    4 … 7    the pitch that it sang one column earlier than that
    8 … 11   for how many columns it has held its note

When a voice sings, what it sang now becomes what it sang before.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from seqgen.grammar import NO_COORDINATE, Registers
from seqgen_midi.encodings.chorale_grammar import (
    AFTER_METER_CLASS,
    FIRST_PITCH,
    HOLD,
    LOWEST,
    REST,
    START_CLASS,
    TABLE,
)
from seqgen_midi.music.voices import VOICES

NOW, BEFORE, HELD, COUNT = (group * len(VOICES) for group in range(4))
"""The first register of each kind, and the number of all registers."""
OF_TOKEN, NOTHING, ONE_MORE = COUNT, COUNT + 1, COUNT + 2
"""Where a register takes its value from, if not from another one."""
HEADER_KIND, NOTE_KIND, HOLD_KIND, REST_KIND = range(4)


@lru_cache(maxsize=1)
def chorale_registers() -> Registers:
    """Returns the registers, and how they change. They are the same under all constraints."""
    tokens = np.arange(len(TABLE.vocabulary))
    is_note = TABLE.of_kind("pitch")
    coordinate = np.where(is_note, tokens - FIRST_PITCH + LOWEST, NO_COORDINATE).astype(np.int32)
    kind = np.select([is_note, tokens == HOLD, tokens == REST], [NOTE_KIND, HOLD_KIND, REST_KIND], HEADER_KIND)
    # Update 0 changes nothing. Update 1 + 3 v + j is that of voice v for a note, a hold or a rest, j = 0 … 2.
    sources, subjects = [np.arange(COUNT)], [NOTHING]
    for voice in range(len(VOICES)):
        for now, held in ((OF_TOKEN, NOTHING), (NOW + voice, ONE_MORE), (NOTHING, NOTHING)):
            row = np.arange(COUNT)
            row[[NOW + voice, BEFORE + voice, HELD + voice]] = now, NOW + voice, held
            sources.append(row)
            subjects.append(now)
    # A class of the grammar names the voice whose turn comes next, so the one before it has sung.
    classes = np.arange(START_CLASS + 1)
    singer = (classes - 1) % len(VOICES)
    update = np.zeros((START_CLASS + 1, 4), np.int32)
    update[:, NOTE_KIND:] = 1 + 3 * singer[:, None] + np.arange(3)
    update[AFTER_METER_CLASS:] = 0
    return Registers(
        coordinate,
        kind.astype(np.int32),
        update,
        np.array(sources, np.int32),
        np.array(subjects, np.int32),
        len(VOICES),
    )

"""What the tests of the midi domain share: the domain, and a small chorale made by hand."""

from __future__ import annotations

import pytest
from seqgen_midi.chorale import HOLD, Chorale
from seqgen_midi.domain import MidiDomain


@pytest.fixture(scope="session")
def domain() -> MidiDomain:
    return MidiDomain()


def cadence() -> Chorale:
    """Quarters of C major, two bars after a pickup; the alto sings eighths, the tenor holds a note."""
    chords = [(72, 67, 64, 48), (71, 67, 62, 55), (72, 69, 60, 53), (74, 67, 59, 43)]
    columns: list[tuple[int, int, int, int]] = []
    for number in range(9):
        soprano, alto, tenor, bass = chords[number % 4]
        columns.append((soprano, alto, tenor, bass))
        columns.append((HOLD, HOLD, HOLD, HOLD))
        columns.append((HOLD, alto - 2, HOLD, HOLD))
        columns.append((HOLD, HOLD, HOLD, HOLD))
    # The last two quarters are one chord, and the tenor's first note is held into the second quarter.
    columns[-4] = (HOLD, HOLD, HOLD, HOLD)
    columns[4] = (71, 67, HOLD, 55)
    return Chorale("4/4", 4, tuple(columns))


@pytest.fixture(scope="session")
def chorale() -> Chorale:
    return cadence()

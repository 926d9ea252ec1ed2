"""What the tests of the midi domain share: the domain, and a small chorale made by hand."""

from __future__ import annotations

import pytest
from seqgen_midi.chorale import HOLD, Chorale
from seqgen_midi.domain import MidiDomain


@pytest.fixture(scope="session")
def domain() -> MidiDomain:
    return MidiDomain()


def cadence(meter: str = "4/4", pickup: int = 4, bars: int = 2) -> Chorale:
    """Quarters of C major, in every bar a suspended tenor's half note across the middle; ends with a held chord."""
    length = {"4/4": 16, "3/4": 12, "6/8": 12}[meter]
    chords = [(72, 67, 64, 48), (71, 67, 62, 55), (72, 69, 60, 53), (74, 67, 59, 43)]
    columns: list[tuple[int, int, int, int]] = []
    quarters = (pickup + bars * length) // 4
    for number in range(quarters):
        soprano, alto, tenor, bass = chords[number % 4]
        columns.append((soprano, alto, tenor, bass))
        columns.append((HOLD, HOLD, HOLD, HOLD))
        columns.append((HOLD, alto - 2, HOLD, HOLD))
        columns.append((HOLD, HOLD, HOLD, HOLD))
    # The last two quarters are one chord, and the tenor's first note is held into the second quarter.
    columns[-4] = (HOLD, HOLD, HOLD, HOLD)
    columns[4] = (71, 67, HOLD, 55)
    return Chorale(meter, pickup, tuple(columns))


@pytest.fixture(scope="session")
def chorale() -> Chorale:
    return cadence()

"""Performances: every note is there, once, where an independent reference puts it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import quantising_reference as reference
from helpers import note_rows, round_trip
from seqgen_midi.domain import MidiDomain


@pytest.mark.parametrize("bins", [None, 1, 127])
def test_a_performance_is_every_note_but_the_drums(bands: list[Any], bins: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="performance", velocity_bins=bins))
    for band in bands:
        found = Counter(tuple(note) for *note, _ in note_rows(round_trip(domain, band.path)))
        assert found == reference.performance(band.notes, band.resolution, band.tempos, bins or 32)

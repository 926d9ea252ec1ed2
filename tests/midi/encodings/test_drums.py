"""Drums: every hit is there, once, where an independent reference puts it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import quantising_reference as reference
from helpers import note_rows, round_trip
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.drums import CLASS_NAMES, CLASS_OF_KEY


@pytest.mark.parametrize("resolution", [None, 12])
def test_drums_are_every_hit_by_its_class(bands: list[Any], resolution: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="drums", resolution=resolution))
    for band in bands:
        found = [
            (start, CLASS_NAMES[CLASS_OF_KEY[pitch]])
            for start, _, pitch, *_ in note_rows(round_trip(domain, band.path))
        ]
        assert found == sorted(found, key=lambda hit: (hit[0], CLASS_NAMES.index(hit[1])))
        assert Counter(found) == Counter(reference.drums(band.notes, band.resolution, resolution or 4))

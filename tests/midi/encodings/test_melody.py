"""Melodies: every note is there, once, where an independent reference puts it."""

from __future__ import annotations

from typing import Any

import pytest
import quantising_reference as reference
from helpers import document, note_rows, round_trip
from seqgen_midi.domain import MidiDomain


@pytest.mark.parametrize("resolution", [None, 24])
def test_a_melody_is_every_note_of_its_track(bands: list[Any], resolution: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", resolution=resolution))
    for band in bands:
        tune = [note for note in band.notes if note[4][2] == 0]
        found = [
            (start, start + length, pitch) for start, length, pitch, *_ in note_rows(round_trip(domain, band.path))
        ]
        assert found == reference.melody(tune, band.resolution, resolution or 4)


def test_the_model_is_told_the_place_in_the_bar(domains: dict[str, MidiDomain]) -> None:
    grammar = domains["melody"].grammar()
    ids = document(domains["melody"], "bar:3/8 pitch:60 hold hold rest rest rest bar:6/8 pitch:60" + " hold" * 11)
    classes = grammar.state_class[grammar.unroll(ids)].tolist()
    assert len(set(classes[2:7])) == 5
    assert classes[2:7] != classes[9:14]


def test_a_note_that_sounds_across_the_end_of_the_prompt_begins_anew(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    ids = document(domain, "bar:1/8 pitch:60 hold bar:1/8 hold rest")
    rest = domain.prompting.without_prompt(ids, 4)
    assert rest.tolist() == document(domain, "bar:1/8 pitch:60 rest").tolist()

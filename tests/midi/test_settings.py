"""The settings: what an encoding does not take is refused, and words of the command line are numbers."""

from __future__ import annotations

import pytest
from seqgen_midi.domain import MidiDomain

from seqgen import InvalidValue


@pytest.mark.parametrize(
    ("name", "settings", "word"),
    [
        ("chorale", {"resolution": 12}, "resolution"),
        ("performance", {"resolution": 12}, "drums, melody, score"),
        ("drums", {"velocity_bins": 8}, "performance, score"),
        ("melody", {"parts": 2}, "parts"),
        ("score", {"infer_chords": True}, "melody"),
        ("score", {"resolution": 5}, "resolution"),
    ],
)
def test_a_setting_that_the_encoding_has_no_use_for_is_refused(name: str, settings: dict, word: str) -> None:
    with pytest.raises(InvalidValue, match=word):
        MidiDomain.Settings.from_mapping({"encoding": name, **settings})


def test_a_resolution_may_come_as_a_word_of_the_command_line() -> None:
    assert MidiDomain.Settings.from_mapping({"encoding": "melody", "resolution": "12"}).resolution == 12
    with pytest.raises(InvalidValue, match="should be 2, 4, 6, 8, 12, 16 or 24"):
        MidiDomain.Settings.from_mapping({"encoding": "melody", "resolution": "5"})

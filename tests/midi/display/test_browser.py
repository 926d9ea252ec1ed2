"""Chorales on a page that draws them: the layout of the tokens is that of the encoding."""

from __future__ import annotations

import json
import re

import seqgen

MIDI = seqgen.load_domain("midi")


def test_the_layout_is_that_of_the_vocabulary() -> None:
    domain = MIDI()
    script = domain.browser.script()
    layout = json.loads(re.match(r"const CHORALE = (.*);\n", script)[1])  # type: ignore[index]
    ids = domain.vocabulary.ids
    assert layout["hold"] == ids["hold"]
    assert layout["firstPitch"] - layout["lowest"] == ids["pitch:60"] - 60
    assert layout["firstMeter"] + layout["meters"].index([6, 8, 12]) == ids["meter:6/8"]
    assert layout["firstPickup"] == ids["pickup:0"]
    assert [voice["name"] for voice in layout["voices"]] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert "function showDocument(" in script


def test_other_encodings_have_their_tokens_shown_by_name() -> None:
    assert MIDI(MIDI.Settings.from_mapping({"encoding": "melody"})).browser is None

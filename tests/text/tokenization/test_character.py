"""Characters of the training split are tokens; others are written as bytes."""

from __future__ import annotations

from texts import learned


def test_an_unknown_character_is_written_as_its_bytes():
    domain = learned("character")
    names = [domain.vocabulary[number] for number in domain.encode("aß京").ids[1:-1]]
    assert names == ["a", "ß", "<0xE4>", "<0xBA>", "<0xAC>"]
    assert domain.vocabulary.ids["ß"] > 257

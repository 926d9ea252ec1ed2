"""Sentences are compared without their spaces at the ends."""

from __future__ import annotations

from seqgen_translation.sentence_pair import normalized


def test_spaces_become_single_and_none_is_at_the_ends():
    assert normalized(" Ein \t Hund\u00a0läuft \r\n") == "Ein Hund läuft"
    assert normalized("Ein Hund", lowercase=True) == "ein hund"

"""Voices of ABC tunes sound together, however they are written."""

from __future__ import annotations

import pytest
from seqgen_midi.io.abc_voices import gather_voices
from seqgen_midi.io.score_reader import parse_tune, piece_of

from seqgen import UnusableFile

HEAD = 'X:1\nM:3/4\nL:1/4\nV:S name="High"\nV:B clef=bass\nK:G\n'
BODIES = {
    "inline": "[V:S] d e f | g3 |\n[V:B] G, A, B, | G,3 |\n",
    "inline within a line": "[V:S] d e f | [V:B] G, A, B, | [V:S] g3 | [V:B] G,3 |\n",
    "lines": "V:S\nd e f | g3 |\nV:B\nG, A, B, | G,3 |\n",
    "lines by turns": "V:S\nd e f |\nV:B\nG, A, B, |\nV:S\ng3 |\nV:B\nG,3 |\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_voices_sound_together(name: str) -> None:
    piece = piece_of(parse_tune(HEAD + BODIES[name]))
    quarters = (piece.start // piece.resolution).tolist()
    assert sorted(zip(quarters, piece.pitch.tolist(), strict=True)) == [
        (0, 55), (0, 74), (1, 57), (1, 76), (2, 59), (2, 78), (3, 55), (3, 79)
    ]  # fmt: skip
    assert len(piece.tracks) == 2


def test_a_tune_of_one_voice_stays_as_it_is() -> None:
    tune = 'X:1\nT:Salt & Pepper\nK:C\n"C&"cde % a & b\nw: la & la\n'
    assert gather_voices(tune) == tune


def test_overlays_are_refused_with_a_reason() -> None:
    with pytest.raises(UnusableFile, match="overlays"):
        parse_tune("X:1\nM:4/4\nL:1/4\nK:C\nc d e f & C4 |\n")

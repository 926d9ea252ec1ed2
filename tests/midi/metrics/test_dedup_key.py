"""Which pieces are the same music."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import only_piece, tune, write_midi
from seqgen_midi.domain import MidiDomain

from seqgen.contract.fingerprint import fingerprint


@pytest.mark.parametrize("name", ["melody", "score", "performance", "chorale"])
def test_only_the_same_notes_have_the_same_key(name: str, tmp_path: Path) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding=name))
    voices = [[(start, end, pitch + key) for start, end, pitch in tune(0, 0)] for key in (64, 60, 52, 40)]
    moved = [[(start, end, pitch + 2) for start, end, pitch in voice] for voice in voices]
    other = [[*voices[0][:-1], (*voices[0][-1][:2], voices[0][-1][2] - 1)], *voices[1:]]
    prints = []
    for number, tracks in enumerate((voices, moved, other)):
        item = only_piece(domain, write_midi(tmp_path / f"{number}.mid", *tracks, program=5 * number))
        prints.append(fingerprint(domain.deduplication.key(item)))
    assert prints[0] == prints[1] != prints[2]


def test_drums_are_not_transposed(tmp_path: Path) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="drums"))
    items = [
        next(domain.read(write_midi(tmp_path / f"{key}.mid", [(0, 240, key), (240, 480, key + 2)], channel=9)))
        for key in (36, 38)
    ]
    assert len({fingerprint(domain.deduplication.key(item)) for item in items}) == 2

"""Renderings beside the MIDI file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import OutputError, UnknownName


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 9, 30])
def test_a_chorale_that_was_cut_short_can_still_be_written(
    domain: MidiDomain, chorale: Piece, cut: int, tmp_path: Path
) -> None:
    item = domain.decode(domain.encode(chorale).ids[:cut])
    files = [
        *domain.write(item, tmp_path / "cut"),
        *(domain.display.render(item, kind, tmp_path / "cut") for kind in domain.display.renderings),
    ]
    assert [file.name for file in files] == ["cut.mid", "cut.png", "cut.wav", "cut.musicxml", "cut.abc"]
    assert sorted(tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_a_sample_that_was_cut_short_can_still_be_written(
    name: str, domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    domain = domains[name]
    ids = domain.grammar().walk(np.random.default_rng(1), 60)
    for cut in (0, 17):
        item = domain.decode(ids[:cut])
        files = [
            *domain.write(item, tmp_path / "cut"),
            *(domain.display.render(item, kind, tmp_path / "cut") for kind in domain.display.renderings),
        ]
        assert sorted(tmp_path.iterdir()) == sorted(files)


def test_an_unknown_rendering_and_a_bad_place_are_refused(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="there is: abc, musicxml, png, wav"):
        domain.display.render(chorale, "mp3", tmp_path / "made")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        domain.write(chorale, tmp_path / "file" / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

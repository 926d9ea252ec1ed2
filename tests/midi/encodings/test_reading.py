"""Files as pieces of an encoding: whatever a library raises is a reason, and a prompt may lack voices."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import held, midi_file
from seqgen_midi.encodings.chorale import Chorale
from seqgen_midi.encodings.reading import read_pieces
from seqgen_midi.io import midi_reader

from seqgen import UnusableFile


def test_the_error_of_a_library_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError("std::bad_alloc")

    path = midi_file(tmp_path / "one.mid", [held(60)])
    monkeypatch.setattr(midi_reader, "_parse", broken)
    with pytest.raises(UnusableFile, match="a damaged MIDI file"):
        list(read_pieces(path, Chorale()))
    (tmp_path / "one.xml").write_text("<score")
    with pytest.raises(UnusableFile, match="not a score that music21 can read"):
        list(read_pieces(tmp_path / "one.xml", Chorale()))


def test_only_a_prompt_may_lack_voices(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "one.mid", [held(60)])
    with pytest.raises(UnusableFile, match="not in four voices"):
        list(read_pieces(path, Chorale()))
    (piece,) = read_pieces(path, Chorale(), is_prompt=True)
    assert (len(piece.tracks), piece.pitch.tolist()) == (4, [60])

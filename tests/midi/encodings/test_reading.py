"""Files as pieces of an encoding: whatever a library raises is a reason, and a prompt may lack voices."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import held, midi_file
from seqgen_midi.domain import MidiDomain
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


@pytest.mark.parametrize(
    ("signatures", "meters"),
    [
        (((0, 1, 4),), [[0, 4, 4]]),
        (((0, 4, 4), (1920, 1, 4)), [[0, 4, 4]]),
        (((0, 1, 4), (480, 3, 4)), [[0, 1, 4], [12, 3, 4]]),
        (((0, 2, 4),), [[0, 2, 4]]),
    ],
)
def test_a_file_that_counts_beats_is_read_in_the_meter_that_is_set(
    signatures: tuple[tuple[int, int, int], ...], meters: list[list[int]], tmp_path: Path
) -> None:
    path = midi_file(tmp_path / "tune.mid", [[(480 * at, 480 * at + 400, 60 + at % 5) for at in range(40)]], signatures)
    domain = MidiDomain(MidiDomain.Settings(encoding="score", one_beat_meter="4/4"))
    *remarks, piece = domain.read(path)
    assert piece.meters.tolist() == meters
    assert [remark.text for remark in remarks] == ["in 1/4, which counts beats and not bars: read in 4/4"] * (
        signatures[-1][1] == 1
    )


def test_a_file_that_counts_beats_is_read_as_it_says_by_default(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "tune.mid", [[(480 * at, 480 * at + 400, 60) for at in range(40)]], ((0, 1, 4),))
    (piece,) = MidiDomain(MidiDomain.Settings(encoding="score")).read(path)
    assert piece.meters.tolist() == [[0, 1, 4]]

"""What is left out is counted, with the setting that keeps it."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.score_reader import REPEATS
from seqgen_midi.music.piece import Piece, Track

from seqgen import Remark


@pytest.fixture
def concert(tmp_path: Path) -> Path:
    """A melody with pedal, bends and controllers, a bass in triplets, and drums."""
    file = mido.MidiFile(ticks_per_beat=480)
    melody = [mido.MetaMessage("track_name", name="Melody"), mido.MetaMessage("text", text="Am")]
    melody += [mido.Message("pitchwheel", pitch=100)] * 3 + [mido.Message("control_change", control=7, value=9)] * 2
    for number in range(4):
        melody.append(mido.Message("note_on", note=72 + number, velocity=80, time=10))
        melody.append(mido.Message("control_change", control=64, value=127, time=30))
        melody.append(mido.Message("note_off", note=72 + number, time=60))
        melody.append(mido.Message("control_change", control=64, value=0, time=380))
    bass = []
    for number in range(6):
        bass.append(mido.Message("note_on", note=40 + number, velocity=80, channel=1))
        bass.append(mido.Message("note_off", note=40 + number, channel=1, time=160))
    drums = []
    for key in (35, 36, 38, 42):
        drums.append(mido.Message("note_on", note=key, velocity=80, channel=9))
        drums.append(mido.Message("note_off", note=key, channel=9, time=0))
    silent = [mido.Message("control_change", control=10, value=64), mido.Message("pitchwheel", channel=3)]
    file.tracks.extend(mido.MidiTrack(track) for track in (silent, melody, bass, drums))
    file.save(tmp_path / "concert.mid")
    return tmp_path / "concert.mid"


def remarks(path: Path, encoding: str) -> dict[str, int]:
    domain = MidiDomain(MidiDomain.Settings(encoding=encoding))
    return {found.text: found.count for found in domain.read(path) if isinstance(found, Remark)}


READ = {"pitch bends left out": 4, "changes of controllers left out, the sustain pedal aside": 3}


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("score", {"chord symbols left out by score (encoding=melody keeps them)": 1}),
        (
            "melody",
            {
                "notes of other players left out by melody (encoding=score keeps them)": 10,
                "sustain pedals left out by melody (encoding=score or performance keeps them)": 4,
            },
        ),
        (
            "drums",
            {
                "notes of other players left out by drums (encoding=score keeps them)": 10,
                "notes that fell on one step and became one": 1,
                "chord symbols left out by drums (encoding=melody keeps them)": 1,
                "sustain pedals left out by drums (encoding=score or performance keeps them)": 4,
            },
        ),
        (
            "performance",
            {
                "notes of other players left out by performance (encoding=score keeps them)": 4,
                "chord symbols left out by performance (encoding=melody keeps them)": 1,
            },
        ),
    ],
)
def test_everything_that_is_left_out_is_counted(concert: Path, encoding: str, expected: dict[str, int]) -> None:
    assert remarks(concert, encoding) == READ | expected


def test_notes_off_the_grid_are_counted_with_the_resolution_that_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\n(3CDE (3FGA B2 c2|\n")
    assert remarks(tmp_path / "tune.abc", "melody") == {
        "notes moved to a coarser grid (resolution=12 keeps them in place)": 4
    }
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", resolution=12))
    assert [type(found) for found in domain.read(tmp_path / "tune.abc")] == [Piece]


def test_notes_that_fit_no_grid_are_counted_and_free_playing_is_said(tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text("X:1\nM:4/4\nL:1/8\nK:C\n(5:4:5CDEFG (3FGA B2|C2 D2 E2 F2|\n")
    assert remarks(tmp_path / "tune.abc", "score") == {
        "notes between the steps of any grid moved to the nearest one (encoding=performance keeps their times)": 2
    }
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack())
    for gap in (311, 407, 333, 389, 426, 299, 351):
        file.tracks[0].append(mido.Message("note_on", note=60, velocity=80, time=gap))
        file.tracks[0].append(mido.Message("note_off", note=60, time=40))
    file.save(tmp_path / "free.mid")
    (text,) = remarks(tmp_path / "free.mid", "melody")
    assert text.startswith("free playing: notes off any grid moved to the nearest step (encoding=performance keeps")
    assert remarks(tmp_path / "free.mid", "performance") == {}


def test_grace_notes_and_repeats_are_counted_and_all_chord_symbols_kept(tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text('X:1\nM:4/4\nL:1/4\nK:C\n|:"C"C{dc}D"G"EF|"C"C4|C4:|\n')
    assert remarks(tmp_path / "tune.abc", "melody") == {"grace notes left out": 2, REPEATS: 1}


def test_chord_symbols_off_the_eighths_are_counted(tmp_path: Path) -> None:
    lines = '"C"C/2"F"C/2 "G"C/2"Am"C/2 C2 C4|C6 "Dm"z/2"Em"z/2 z|'
    (tmp_path / "tune.abc").write_text(f"X:1\nM:4/4\nL:1/8\nK:C\n{lines}\n")
    assert remarks(tmp_path / "tune.abc", "melody") == {
        "chord symbols past the last bar, or before another one at the same eighth, left out": 1,
        "chord symbols moved to the nearest eighth": 2,
    }


def test_notes_sound_until_the_pedal_comes_up_or_their_key_is_struck_again() -> None:
    columns = np.array([[0, 10, 60, 80, 0], [0, 10, 64, 80, 0], [0, 10, 67, 80, 1], [40, 10, 60, 80, 0]]).T
    pedals = [(0, 5, 100), (0, 120, 130)]
    piece = Piece.of(480, [Track(), Track(1)], columns, pedals=pedals)
    held = piece.sustained()
    assert held.duration.tolist() == [40, 100, 10, 60]
    assert len(held.pedals) == 0
    assert held.sustained() is held

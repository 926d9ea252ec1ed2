"""MIDI files that are no MIDI files."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from helpers import FOUR, held, midi_file, reason_of
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.midi_reader import read_midi
from seqgen_midi.music.piece import Piece

from seqgen import UnusableFile


def test_files_that_are_no_midi_are_dropped(domain: MidiDomain, tmp_path: Path) -> None:
    good = midi_file(tmp_path / "good.mid", [held(pitch) for pitch in FOUR[0]]).read_bytes()
    damaged = bytearray(good)
    damaged[-12:-4] = b"\xff" * 8
    cases = {
        "picture.mid": (b"\xff\xd8\xff\xe0\x00\x10JFIF" * 100, "not a MIDI file"),
        "nothing.mid": (b"", "empty"),
        "half.mid": (good[: len(good) // 2], "a MIDI file that was cut off"),
        "short.mid": (good[:-3], "a MIDI file that was cut off"),
        "head.mid": (good[:14], "a MIDI file that was cut off"),
        "huge.mid": (b"MThd" + bytes(10_000_001), "larger than 10 MB"),
    }
    for name, (data, reason) in cases.items():
        (tmp_path / name).write_bytes(data)
        assert reason_of(domain, tmp_path / name) == reason, name
    (tmp_path / "damaged.mid").write_bytes(damaged)
    with pytest.raises(UnusableFile):
        list(domain.read(tmp_path / "damaged.mid"))
    assert reason_of(domain, tmp_path / "missing.mid") == "a damaged MIDI file"


def hanging_file(path: Path, key_messages: list[tuple[int, str, int, int]], running: bool = False) -> Path:
    """A file of one track of (ticks since the last one, message, channel, key), a hit of the drums, and a program."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.Message("program_change", program=5)])
    for time, kind, channel, key in key_messages:
        velocity = 90 if kind == "note_on" else 0
        track.append(
            mido.Message("note_on" if running else kind, note=key, velocity=velocity, channel=channel, time=time)
        )
    file.tracks.append(track)
    file.save(path)
    return path


@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize(
    ("messages", "pitches", "lost"),
    [
        ([(0, "note_on", 0, 60), (480, "note_off", 0, 60)], [60], 0),
        ([(0, "note_on", 0, 60), (0, "note_on", 0, 64), (480, "note_off", 0, 60)], [60], 1),
        ([(0, "note_on", 0, 60), (9, "note_on", 0, 60), (9, "note_on", 0, 60), (480, "note_off", 0, 60)], [60], 2),
        ([(0, "note_on", 3, 70), (0, "note_on", 9, 36), (5, "note_off", 9, 36), (0, "note_on", 4, 70)], [36], 2),
        ([(7, "note_off", 0, 60), (0, "note_on", 0, 62), (9, "note_off", 0, 62)], [62], 0),
    ],
)
def test_notes_that_no_message_ends_are_left_out_and_counted(
    messages: list[tuple[int, str, int, int]], pitches: list[int], lost: int, running: bool, tmp_path: Path
) -> None:
    (piece,) = read_midi(hanging_file(tmp_path / "hanging.mid", messages, running))
    assert isinstance(piece, Piece)
    assert piece.pitch.tolist() == pitches
    assert piece.omitted.get("notes that no message ends left out", 0) == lost
    assert piece.end <= 480 + 18


def test_a_file_in_which_no_note_ends_is_refused(tmp_path: Path) -> None:
    path = hanging_file(tmp_path / "hanging.mid", [(0, "note_on", 0, 60), (480, "note_on", 0, 64)])
    with pytest.raises(UnusableFile, match="no note that a message ends"):
        list(read_midi(path))


def pedal_file(path: Path, *tracks: list[tuple[int, int, int]]) -> Path:
    """Tracks of a note of a quarter and then (ticks since the last one, controller, value)."""
    file = mido.MidiFile(ticks_per_beat=480)
    for channel, changes in enumerate(tracks):
        track = mido.MidiTrack()
        track.append(mido.Message("note_on", note=60, velocity=80, channel=channel))
        track.append(mido.Message("note_off", note=60, time=480, channel=channel))
        track += [
            mido.Message("control_change", control=control, value=value, channel=channel, time=time)
            for time, control, value in changes
        ]
        file.tracks.append(track)
    file.save(path)
    return path


def test_pedals_are_read_track_by_track_and_other_controllers_counted(tmp_path: Path) -> None:
    path = pedal_file(
        tmp_path / "pedals.mid",
        [(0, 64, 0), (10, 64, 127), (5, 64, 100), (20, 64, 63), (1, 7, 90), (4, 64, 64)],
        [(0, 11, 50)],
        [(3, 64, 90), (5, 64, 10), (2, 64, 70), (6, 64, 0)],
    )
    (piece,) = read_midi(path)
    assert isinstance(piece, Piece)
    assert piece.pedals.tolist() == [[0, 490, 515], [0, 520, 520], [2, 483, 488], [2, 490, 496]]
    assert piece.omitted["changes of controllers left out, the sustain pedal aside"] == 2

"""The chunks of MIDI files: envelopes, bytes behind the last track, independent tracks, shared programs."""

from __future__ import annotations

import struct
from pathlib import Path

import mido
import pytest
from helpers import midi_file, note_rows
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.midi_chunks import events, head, share_channels, split_chunks
from seqgen_midi.io.midi_reader import read_midi
from seqgen_midi.music.piece import Piece

from seqgen import Remark, UnusableFile

TUNE = [(240 * number, 240 * number + 200, 60 + number) for number in range(8)]


def pieces_of(path: Path) -> list[Piece]:
    return [result for result in read_midi(path) if isinstance(result, Piece)]


def test_bytes_after_the_last_track_are_ignored_with_a_remark(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "tune.mid", [TUNE])
    (expected,) = read_midi(path)
    assert isinstance(expected, Piece)
    data = path.read_bytes()
    for tail in (b"\0", b"\x1a" * 300, b"MTrk\0", b"TAG" + bytes(125)):
        path.write_bytes(data + tail)
        remark, piece = read_midi(path)
        assert isinstance(remark, Remark)
        assert isinstance(piece, Piece)
        assert not remark.dropped
        assert note_rows(piece) == note_rows(expected)


def riff(content: bytes, before: bytes = b"") -> bytes:
    body = b"RMID" + before + b"data" + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("name", ["tune.mid", "tune.rmi", "tune.RMI"])
def test_midi_in_a_riff_envelope_is_midi(tmp_path: Path, name: str) -> None:
    data = midi_file(tmp_path / "plain.mid", [TUNE]).read_bytes()
    for before in (b"", b"LIST\x03\0\0\0abc\0"):
        (tmp_path / name).write_bytes(riff(data, before))
        (piece,) = pieces_of(tmp_path / name)
        assert len(piece) == len(TUNE)
    (tmp_path / name).write_bytes(riff(data)[:-40])
    with pytest.raises(UnusableFile, match="cut off"):
        pieces_of(tmp_path / name)
    (tmp_path / name).write_bytes(b"RIFF\4\0\0\0WAVE")
    with pytest.raises(UnusableFile, match="not a MIDI file"):
        pieces_of(tmp_path / name)


def test_karaoke_and_riff_files_are_found_in_folders() -> None:
    assert {".kar", ".rmi"} <= set(MidiDomain.reads)


def test_each_track_of_a_file_of_independent_tracks_is_a_piece(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "songs.mid", [TUNE, [], TUNE[:3]])
    data = bytearray(path.read_bytes())
    data[9] = 2
    path.write_bytes(data)
    assert [len(piece) for piece in pieces_of(path)] == [8, 3]


def test_a_channel_has_its_program_in_all_tracks(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    setup = [mido.Message("program_change", program=40 + channel, channel=channel) for channel in range(3)]
    late = mido.Message("program_change", program=73, channel=1, time=960)
    file.tracks.append(mido.MidiTrack([*setup, late]))
    for channel in range(3):
        notes = []
        for number in range(4):
            notes.append(mido.Message("note_on", note=60 + number, velocity=64, channel=channel))
            notes.append(mido.Message("note_on", note=60 + number, velocity=0, channel=channel, time=480))
        own = [mido.Message("program_change", program=7, channel=channel)] if channel == 2 else []
        file.tracks.append(mido.MidiTrack([*own, *notes]))
    file.save(tmp_path / "band.mid")
    (piece,) = pieces_of(tmp_path / "band.mid")
    found = sorted((piece.tracks[track].program, start // 480) for start, _, _, _, track in note_rows(piece))
    assert found == sorted(
        [*((40, beat) for beat in range(4)), (41, 0), (41, 1), (73, 2), (73, 3), *((7, beat) for beat in range(4))]
    )


def test_tracks_that_share_no_program_stay_byte_for_byte(tmp_path: Path) -> None:
    tracks = split_chunks(midi_file(tmp_path / "tune.mid", [TUNE, TUNE]).read_bytes()).tracks
    assert share_channels(tracks, [head(track) for track in tracks]) == tracks


def test_a_pedal_of_a_track_without_notes_holds_the_notes_of_its_channel(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "tune.mid", [TUNE, TUNE])
    file = mido.MidiFile(path)
    pedal = mido.MidiTrack()
    for time, channel, value in ((120, 1, 127), (600, 1, 0), (10, 5, 127), (9000, 1, 127), (10, 1, 0)):
        pedal.append(mido.Message("control_change", control=64, value=value, channel=channel, time=time))
    file.tracks.append(pedal)
    file.save(path)
    (piece,) = pieces_of(path)
    assert piece.pedals.tolist() == [[1, 120, 720]]
    assert piece.omitted["sustain pedals of channels without notes left out"] == 1
    assert len(piece) == 2 * len(TUNE)


def test_a_pedal_of_one_hand_holds_the_notes_of_the_other_on_its_channel(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "hands.mid", [TUNE, TUNE, TUNE], channel=0)
    file = mido.MidiFile(path)
    for message in file.tracks[-1]:
        if not message.is_meta:
            message.channel = 4
    right = file.tracks[1]
    right.insert(3, mido.Message("control_change", control=64, value=127, time=0))
    right.insert(5, mido.Message("control_change", control=64, value=0, time=0))
    file.save(path)
    (piece,) = pieces_of(path)
    first, *others = piece.pedals.tolist()
    assert others == [[1, *first[1:]]]
    assert first[0] == 0
    assert first[1] < first[2]
    (remark,) = (
        found.count
        for found in MidiDomain(MidiDomain.Settings(encoding="melody")).read(path)
        if isinstance(found, Remark) and found.text.startswith("sustain")
    )
    assert remark == 1


def test_events_are_those_of_mido(tmp_path: Path) -> None:
    path = midi_file(tmp_path / "tune.mid", [TUNE], ((0, 3, 4), (960, 4, 4)))
    for track, reference in zip(split_chunks(path.read_bytes()).tracks, mido.MidiFile(path).tracks, strict=True):
        tick, expected = 0, []
        for message in reference:
            tick += message.time
            expected.append((tick, bytes(message.bin() if hasattr(message, "bin") else message.bytes())))
        assert [(event.tick, event.message) for event in events(track)] == expected
    with pytest.raises(IndexError):
        list(events(b"\0\x90\x3c"))

"""Each program has a channel while there are enough, and then programs take turns, which is said."""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path

import mido
import numpy as np
import pytest
import symusic
from seqgen_midi.io.midi_writer import midi_bytes
from seqgen_midi.io.score_writer import write_score
from seqgen_midi.music.piece import Piece, Track

from seqgen import SeqgenWarning


def band(programs: list[int], has_drums: bool = True) -> Piece:
    """Each program plays four quarters, one after the other; all are heard again at the end."""
    tracks = [Track(program) for program in programs] + [Track(is_drums=True)] * has_drums
    number = np.tile(np.arange(len(tracks)), 2)
    start = np.where(np.arange(len(number)) < len(tracks), 4 * number, 4 * len(tracks))
    return Piece.of(1, tracks, (start, 0 * number + 4, 40 + number, 0 * number + 64, number))


def programs_heard(file: mido.MidiFile) -> dict[int, int]:
    """The program that sounds each pitch, as a player hears it who plays all tracks together."""
    events = []
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            events.append((now, message))
    current: dict[int, int] = defaultdict(int)
    heard = {}
    for _, message in sorted(events, key=lambda event: event[0]):
        if message.type == "program_change":
            current[message.channel] = message.program
        elif message.type == "note_on" and message.velocity and message.channel != 9:
            assert heard.setdefault(message.note, current[message.channel]) == current[message.channel]
    return heard


@pytest.mark.parametrize(
    "programs", [[*range(20, 34)], [*range(20, 35)], [1, 2, 3] * 6, [*range(40, 57)], [*range(60)]]
)
def test_every_note_is_played_by_its_program(programs: list[int], tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        (tmp_path / "band.mid").write_bytes(midi_bytes(band(programs), 120))
    file = mido.MidiFile(tmp_path / "band.mid")
    assert programs_heard(file) == {40 + number: program for number, program in enumerate(programs)}
    read = symusic.Score(tmp_path / "band.mid").tracks
    assert [track.program for track in read if not track.is_drum] == programs
    assert [warning.category for warning in said] == [SeqgenWarning] * (len(set(programs)) > 15)
    on_channel = defaultdict(set)
    for track in file.tracks[1:-1]:
        on_channel[next(m.channel for m in track if m.type == "note_on")].add(
            next(m.program for m in track if m.type == "program_change")
        )
    assert max(map(len, on_channel.values())) == -(-len(set(programs)) // 15) or len(set(programs)) > 30


def test_no_library_prints_a_warning_about_channels(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_score(band([*range(40, 60)]), 120, tmp_path / "band.musicxml")
    assert capfd.readouterr().err == ""

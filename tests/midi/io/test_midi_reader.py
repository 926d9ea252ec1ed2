"""MIDI files that are no MIDI files."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import FOUR, held, midi_file, reason_of
from seqgen_midi.domain import MidiDomain

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

"""MIDI files that no program should write, byte by byte: each is usable or refused with a reason, in a worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from seqgen_midi.domain import MidiDomain

from seqgen.corpus.reading.channel import FileContent
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.workers import Limits, WorkerPool

END = b"\0\xff\x2f\0"
QUARTER = b"\0\x90\x3c\x50\x83\x60\x80\x3c\0"
"""A quarter of middle C at 480 ticks a quarter."""
LONGEST = b"\xff\xff\xff\x7f"
"""The longest delta time, 2²⁸ − 1 ticks."""


def track(events: bytes, end: bytes = END) -> bytes:
    return b"MTrk" + len(events + end).to_bytes(4, "big") + events + end


def midi(*tracks: bytes, division: int = 480, form: int = 1, count: int | None = None, header: bytes = b"") -> bytes:
    """A file of tracks; `header` is more of its header than there should be."""
    numbers = (form, len(tracks) if count is None else count, division)
    body = b"".join(number.to_bytes(2, "big") for number in numbers) + header
    return b"MThd" + len(body).to_bytes(4, "big") + body + b"".join(tracks)


GOOD = midi(track(b"\0\xff\x51\3\x07\xa1\x20" + QUARTER * 4), track(QUARTER * 3))
USABLE = {
    "running status": (midi(track(b"\0\x90\x3c\x50\x83\x60\x3c\0\0\x3e\x50\x83\x60\x3e\0")), 2),
    "no end of track": (midi(track(QUARTER * 2, end=b"")), 2),
    "events after the end of track": (midi(track(QUARTER + END + QUARTER)), 1),
    "overlapping notes on a key": (midi(track(b"\0\x90\x3c\x50\x60\x90\x3c\x50\x60\x80\x3c\0\x60\x80\x3c\0")), 2),
    "a note of no length": (midi(track(b"\0\x90\x3c\x50\0\x80\x3c\0" + QUARTER)), 2),
    "300 tracks": (midi(*[track(QUARTER)] * 300), 300),
    "tempo 0": (midi(track(b"\0\xff\x51\3\0\0\0" + QUARTER)), 1),
    "the slowest tempo": (midi(track(b"\0\xff\x51\3\xff\xff\xff" + QUARTER)), 1),
    "a key signature of 99 sharps in mode 7": (midi(track(b"\0\xff\x59\2\x63\7" + QUARTER)), 1),
    "a meter of 255/2^255": (midi(track(b"\0\xff\x58\4\xff\xff\xff\xff" + QUARTER)), 1),
    "a meter of 0/1": (midi(track(b"\0\xff\x58\4\0\0\0\0" + QUARTER)), 1),
    "a track of its own kind": (midi(b"XYZZ\0\0\0\3abc", track(QUARTER), count=1), 1),
    "format 2": (midi(track(QUARTER), track(QUARTER), form=2), 2),
    "more tracks than the header says": (midi(track(QUARTER), track(QUARTER), count=1), None),
    "a name of noise": (midi(track(b"\0\xff\3\6\xff\xfe\0\x1b[3" + QUARTER)), 1),
    "a note that is never let go": (midi(track(QUARTER + b"\0\x90\x3e\x50")), None),
    "a note let go that never began": (midi(track(b"\0\x80\x3e\0" + QUARTER)), 1),
    "a longer header": (midi(track(QUARTER), header=b"more"), 1),
    "one tick a quarter": (midi(track(b"\0\x90\x3c\x50\1\x80\x3c\0"), division=1), 1),
    "the finest division": (midi(track(QUARTER), division=0x7FFF), 1),
}
"""What is wrong, the file, and how many notes it has; None where readers may differ."""
REFUSED = {
    "division 0": (midi(track(QUARTER), division=0), "no musical time"),
    "SMPTE division": (midi(track(QUARTER), division=0xE728), "no musical time"),
    "2²⁸ ticks": (midi(track(LONGEST[:3] + b"\x7f\x90\x3c\x50" + LONGEST + b"\x80\x3c\0")), "longer than 5000 bars"),
    "2³² ticks": (midi(track(b"".join(LONGEST + note for note in [QUARTER[1:]] * 17))), "longer than a piece can be"),
    "a delta time without an end": (midi(track(b"\xff" * 40 + QUARTER)), None),
    "an event longer than its track": (midi(track(QUARTER + b"\0\xff\1" + LONGEST)), None),
    "a system message without an end": (midi(track(b"\0\xf0" + LONGEST + QUARTER)), None),
    "a track longer than the file": (midi(track(QUARTER))[:-3], "a MIDI file that was cut off"),
    "a track that is missing": (midi(track(QUARTER), count=2), "a MIDI file that was cut off"),
    "a velocity of 200": (midi(track(b"\0\x90\x3c\xc8\x60\x80\x3c\0" + QUARTER)), "a damaged MIDI file"),
    "a pitch of 200": (midi(track(b"\0\x90\xc8\x50\x60\x80\xc8\0" + QUARTER)), "a damaged MIDI file"),
    "a program of 200": (midi(track(b"\0\xc0\xc8" + QUARTER)), "a damaged MIDI file"),
    "a header alone": (midi(), "empty"),
    "a track of nothing": (midi(track(b"")), "empty"),
}


def readings(folder: Path, contents: dict[str, bytes]) -> dict[str, FileContent]:
    """What a worker says of each file, with as little time and memory as such files need."""
    sources = []
    for number, (name, content) in enumerate(contents.items()):
        (folder / f"{number}.mid").write_bytes(content)
        sources.append(Source(folder / f"{number}.mid", name))
    domain = MidiDomain(MidiDomain.Settings(encoding="score"))
    with WorkerPool(domain, limits=Limits(seconds=20, memory_bytes=2**31), workers=1) as readers:
        return {source.name: reading for source, reading in readers.read(sources)}


@pytest.fixture(scope="module")
def readings_by_name(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileContent]:
    contents = {name: content for name, (content, _) in [*USABLE.items(), *REFUSED.items()]}
    cut = {f"cut at {size}": GOOD[:size] for size in range(len(GOOD) + 1)}
    return readings(tmp_path_factory.mktemp("hand-built"), {**contents, **cut})


def notes(reading: FileContent) -> int:
    domain = MidiDomain(MidiDomain.Settings(encoding="score"))
    return sum(len(domain.decode(document.ids)) for document in reading.documents)


@pytest.mark.parametrize("name", USABLE)
def test_strange_files_are_usable(readings_by_name: dict[str, FileContent], name: str) -> None:
    assert readings_by_name[name].reason is None
    assert USABLE[name][1] in (None, notes(readings_by_name[name]))


@pytest.mark.parametrize("name", REFUSED)
def test_impossible_files_are_refused_with_a_reason(readings_by_name: dict[str, FileContent], name: str) -> None:
    why = readings_by_name[name].reason or next(iter(readings_by_name[name].dropped))
    assert REFUSED[name][1] in (None, why)
    assert "crashed" not in why
    assert "took longer" not in why


def test_a_file_cut_anywhere_is_refused(readings_by_name: dict[str, FileContent]) -> None:
    reasons = [readings_by_name[f"cut at {size}"].reason for size in range(len(GOOD) + 1)]
    assert (reasons[0], reasons[-1]) == ("empty", None)
    assert set(reasons[1:-1]) == {"not a MIDI file", "a MIDI file that was cut off"}

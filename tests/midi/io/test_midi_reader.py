"""Files from outside: MIDI made with mido, scores from music21's own corpus, and trouble of many kinds."""

from __future__ import annotations

import zipfile
from pathlib import Path

import mido
import music21
import numpy as np
import pytest
from grids import HOLD, REST, Grid
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import UnusableFile

FOUR = ((72, 67, 60, 48),)
BACH = Path(music21.__file__).parent / "corpus" / "bach"


def midi_file(
    path: Path,
    tracks: list[list[tuple[int, int, int]]],
    signatures: tuple[tuple[int, int, int], ...] = (),
    resolution: int = 480,
    channel: int | None = None,
) -> Path:
    """A MIDI file of tracks of (start tick, end tick, pitch), with (tick, numerator, denominator) of its meters."""
    file = mido.MidiFile(ticks_per_beat=resolution)
    conductor = mido.MidiTrack()
    now = 0
    for tick, numerator, denominator in signatures:
        conductor.append(
            mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator, time=tick - now)
        )
        now = tick
    file.tracks.append(conductor)
    for number, notes in enumerate(tracks):
        events = [(start, 1, pitch) for start, _, pitch in notes] + [(end, 0, pitch) for _, end, pitch in notes]
        track, now = mido.MidiTrack(), 0
        for tick, on, pitch in sorted(events):
            kind = "note_on" if on else "note_off"
            where = number if channel is None else channel
            track.append(mido.Message(kind, note=pitch, velocity=64, channel=where, time=tick - now))
            now = tick
        file.tracks.append(track)
    file.save(path)
    return path


def held(pitch: int, start: int = 0, end: int = 1920) -> list[tuple[int, int, int]]:
    return [(start, end, pitch)]


def read_grid(domain: MidiDomain, path: Path) -> Grid:
    (piece,) = domain.read(path)
    return Grid.of(piece)


def reason_of(domain: MidiDomain, path: Path) -> str:
    with pytest.raises(UnusableFile) as caught:
        list(domain.read(path))
    return caught.value.reason


def test_midi_by_another_program_is_read_note_by_note(domain: MidiDomain, tmp_path: Path) -> None:
    tracks = [
        [(0, 240, 72), (240, 480, 74), (960, 1920, 76)],
        held(67),
        held(60, 480),
        [(0, 120, 48), (120, 1920, 48)],
    ]
    item = read_grid(domain, midi_file(tmp_path / "four.mid", tracks, ((0, 4, 4),)))
    assert (item.meter, item.pickup, len(item.grid)) == ("4/4", 0, 16)
    assert [codes[0] for codes in item.grid] == [72, HOLD, 74, HOLD, *[REST] * 4, 76, *[HOLD] * 7]
    assert [codes[1] for codes in item.grid] == [67, *[HOLD] * 15]
    assert [codes[2] for codes in item.grid] == [*[REST] * 4, 60, *[HOLD] * 11]
    assert [codes[3] for codes in item.grid] == [48, 48, *[HOLD] * 14]


def test_a_performance_is_put_on_the_grid_and_silence_at_the_end_left_out(domain: MidiDomain, tmp_path: Path) -> None:
    tracks = [[(3, 470, 72), (485, 1900, 71)], held(67, 0, 1915), held(60, 10, 1925), held(48, 0, 1890)]
    item = read_grid(domain, midi_file(tmp_path / "played.mid", tracks))
    assert [(note.start, note.end, note.pitch) for note in item.notes(0)] == [(0, 4, 72), (4, 16, 71)]
    assert len(item.grid) == 16
    assert all(len(item.notes(voice)) == 1 for voice in (1, 2, 3))


@pytest.mark.parametrize(
    ("signatures", "meter", "pickup"),
    [
        ((), "4/4", 0),
        (((0, 3, 4),), "3/4", 0),
        (((0, 1, 4), (480, 4, 4)), "4/4", 4),
        (((0, 3, 8), (720, 4, 4)), "4/4", 6),
        (((0, 4, 4), (1920, 4, 4)), "4/4", 0),
        (((0, 1, 4), (480, 3, 4), (1920, 3, 4)), "3/4", 4),
    ],
)
def test_meter_and_pickup_come_from_the_time_signatures(
    domain: MidiDomain, tmp_path: Path, signatures: tuple, meter: str, pickup: int
) -> None:
    tracks = [held(pitch, 0, 3840) for pitch in FOUR[0]]
    item = read_grid(domain, midi_file(tmp_path / "meter.mid", tracks, signatures))
    assert (item.meter, item.pickup) == (meter, pickup)


@pytest.mark.parametrize(
    ("tracks", "signatures", "reason"),
    [
        ([held(72), held(67), held(60)], (), "not in four voices"),
        ([held(72), held(67), held(60), held(55), held(48)], (), "not in four voices"),
        ([[], [], [], []], (), "empty"),
        ([held(72), held(67), held(60), held(48)], ((0, 4, 4), (1920, 3, 4)), "the meter changes"),
        (
            [held(72), held(67), held(60), held(48)],
            ((0, 5, 4),),
            "a meter other than 4/4, 3/4, 3/2, 2/4, 6/8, 2/2, 12/8, 6/4",
        ),
        (
            [[(0, 160, 72), (160, 320, 71), (320, 480, 72)], held(67), held(60), held(48)],
            (),
            "rhythms finer than a 16th",
        ),
        ([[(0, 30, 72), (480, 960, 72)], held(67), held(60), held(48)], (), "rhythms finer than a 16th"),
        ([[*held(72), *held(76)], held(67), held(60), held(48)], (), "two notes at once in a voice"),
        ([[(0, 960, 72), (480, 960, 76)], held(67), held(60), held(48)], (), "two notes at once in a voice"),
        ([held(72, 0, 480 * 4000), held(67), held(60), held(48)], (), "longer than 8192 16ths"),
    ],
)
def test_what_is_no_chorale_is_dropped_with_its_reason(
    domain: MidiDomain, tmp_path: Path, tracks: list, signatures: tuple, reason: str
) -> None:
    assert reason_of(domain, midi_file(tmp_path / "odd.mid", tracks, signatures)) == reason


def test_drums_are_no_voice(domain: MidiDomain, tmp_path: Path) -> None:
    path = midi_file(tmp_path / "drums.mid", [held(40)], channel=9)
    assert reason_of(domain, path) == "with drums"


def test_a_voice_out_of_range_is_dropped_when_it_is_encoded(domain: MidiDomain, tmp_path: Path) -> None:
    (item,) = domain.read(midi_file(tmp_path / "low.mid", [held(40), held(67), held(60), held(48)]))
    with pytest.raises(UnusableFile, match="a voice leaves its range"):
        domain.encode(item)


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


def test_files_that_are_no_score_are_dropped(domain: MidiDomain, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", "<container/>")
        archive.writestr("bomb.xml", b" " * 60_000_000)
    assert (tmp_path / "bomb.mxl").stat().st_size < 100_000
    assert reason_of(domain, tmp_path / "bomb.mxl") == "compressed file expands to more than 50 MB"
    for name in ("noise.mxl", "noise.xml", "noise.musicxml", "noise.krn", "noise.abc"):
        (tmp_path / name).write_bytes(np.random.default_rng(1).bytes(500))
        with pytest.raises(UnusableFile):
            list(domain.read(tmp_path / name))


def test_a_score_of_the_corpus_agrees_with_music21_itself(domain: MidiDomain) -> None:
    path = BACH / "bwv269.mxl"
    (piece,) = domain.read(path)
    item = Grid.of(piece)
    assert (item.meter, item.pickup) == ("3/4", 4)
    parts = music21.converter.parse(path, forceSource=True, storePickle=False).stripTies().parts
    for voice, part in enumerate(parts):
        theirs = [
            (float(note.offset) * 4, float(note.quarterLength) * 4, note.pitch.midi) for note in part.flatten().notes
        ]
        assert [(note.start, note.end - note.start, note.pitch) for note in item.notes(voice)] == theirs
    assert Grid.of(domain.decode(domain.encode(piece).ids)) == item


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bwv1.6.mxl", "not in four voices"),
        ("bwv304.mxl", "the meter changes"),
        ("bwv432.mxl", "rhythms finer than a 16th"),
        ("bwv48.3.mxl", "bars of different lengths"),
    ],
)
def test_scores_of_the_corpus_that_do_not_fit_are_dropped(domain: MidiDomain, name: str, reason: str) -> None:
    assert reason_of(domain, BACH / name) == reason


def test_humdrum_and_abc_are_read_soprano_first(domain: MidiDomain, tmp_path: Path) -> None:
    item = read_grid(domain, BACH / "bwv277.krn")
    means = [np.mean([note.pitch for note in item.notes(voice)]) for voice in range(4)]
    assert means == sorted(means, reverse=True)
    abc = "X:1\nT:Four\nM:4/4\nL:1/4\nK:C\nV:1\nc B c2|\nV:2\nG G G2|\nV:3\nE D E2|\nV:4 clef=bass\nC, G,, C,2|\n"
    (tmp_path / "four.abc").write_text(abc)
    tune = read_grid(domain, tmp_path / "four.abc")
    assert [[note.pitch for note in tune.notes(voice)] for voice in range(4)] == [
        [72, 71, 72],
        [67, 67, 67],
        [64, 62, 64],
        [48, 43, 48],
    ]
    assert isinstance(next(domain.read(tmp_path / "four.abc")), Piece)


def test_two_staves_with_two_voices_each_are_four_voices(domain: MidiDomain, tmp_path: Path) -> None:
    score = music21.stream.Score()
    for pair in ((72, 67), (60, 48)):
        part = music21.stream.Part()
        measure = music21.stream.Measure(number=1)
        measure.insert(0, music21.meter.TimeSignature("4/4"))
        for number, pitch in enumerate(pair, start=1):
            voice = music21.stream.Voice(id=str(number))
            voice.append([music21.note.Note(pitch, quarterLength=2), music21.note.Note(pitch, quarterLength=2)])
            measure.insert(0, voice)
        part.append(measure)
        score.insert(0, part)
    score.write("musicxml", fp=tmp_path / "hymn.musicxml")
    item = read_grid(domain, tmp_path / "hymn.musicxml")
    assert item == Grid("4/4", 0, (*FOUR, *(((HOLD,) * 4,) * 7), *FOUR, *(((HOLD,) * 4,) * 7)))

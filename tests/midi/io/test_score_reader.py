"""Scores become pieces, and pieces become files that other programs read: MIDI, MusicXML, pictures, sound."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import mido
import music21
import numpy as np
import pretty_midi
import pytest
from PIL import Image
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece, Track

from seqgen import Remark, UnusableFile

TUNE = """X:1
T:A tune with a pickup
M:3/4
L:1/8
K:G
D2|"G"G2 B2 d2|"D7"c4 A2|"Em"G3 F G2|"C"E4-E2|"G"G6|]
"""


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    (tmp_path / "tune.abc").write_text(TUNE)
    return tmp_path / "tune.abc"


def test_a_tune_with_chord_symbols_is_read_as_it_is_written(domains: dict[str, MidiDomain], tune: Path) -> None:
    domain = domains["melody"]
    (item,) = domain.read(tune)
    names = " ".join(domain.vocabulary[int(number)] for number in domain.encode(item).ids)
    held = {length: " hold" * (length - 1) for length in (2, 4, 6, 8, 12)}
    assert names == (
        f"<bos> bar:1/4 pitch:62{held[4]} bar:3/4 chord:G pitch:67{held[4]} pitch:71{held[4]} pitch:74{held[4]} "
        f"bar:3/4 chord:D7 pitch:72{held[8]} pitch:69{held[4]} bar:3/4 chord:Em pitch:67{held[6]} pitch:66{held[2]} "
        f"pitch:67{held[4]} bar:3/4 chord:C pitch:64{held[12]} bar:3/4 chord:G pitch:67{held[12]} <eos>"
    )


def test_a_melody_comes_back_from_its_score_with_its_chord_symbols(
    domains: dict[str, MidiDomain], tune: Path, tmp_path: Path
) -> None:
    domain = domains["melody"]
    (item,) = domain.read(tune)
    (back,) = domain.read(domain.display.render(item, "musicxml", tmp_path / "made"))
    assert np.array_equal(domain.encode(back).ids, domain.encode(item).ids)
    midi = mido.MidiFile(domain.write(item, tmp_path / "made")[0])
    assert [message.text for message in midi.tracks[0] if message.type == "text"] == ["G", "D7", "Em", "C", "G"]


def test_a_score_of_the_corpus_agrees_with_music21_itself(domains: dict[str, MidiDomain]) -> None:
    path = Path(music21.__file__).parent / "corpus" / "bach" / "bwv432.mxl"
    parts = music21.converter.parse(path, forceSource=True, storePickle=False).stripTies().parts
    theirs = sorted(
        (int(float(note.offset) * 12 + 0.5), int(float(note.quarterLength) * 12 + 0.5), note.pitch.midi)
        for part in parts
        for note in part.flatten().notes
    )
    (item,) = domains["score"].read(path)
    assert sorted(zip(*(column.tolist() for column in item.notes[:3]), strict=True)) == theirs
    assert len(item.tracks) == 4


def test_chords_parts_and_tempos_of_a_score_are_read(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    score = music21.stream.Score()
    for program, pitches in ((40, [[76], [77]]), (42, [[48, 55], [50, 57]])):
        part = music21.stream.Part()
        part.insert(0, music21.instrument.instrumentFromMidiProgram(program))
        part.insert(0, music21.tempo.MetronomeMark(number=66))
        part.insert(0, music21.meter.TimeSignature("2/2"))
        for number, chord in enumerate(pitches):
            part.insert(number * 2, music21.chord.Chord(chord, quarterLength=2))
        score.insert(0, part)
    score.write("musicxml", fp=tmp_path / "duo.musicxml")
    (item,) = domains["score"].read(tmp_path / "duo.musicxml")
    assert [track.program for track in item.tracks] == [40, 42]
    assert [(start, pitch) for start, pitch in zip(item.start.tolist(), item.pitch.tolist(), strict=True)] == [
        (0, 76), (0, 48), (0, 55), (24, 77), (24, 50), (24, 57)
    ]  # fmt: skip
    assert item.meters.tolist() == [[0, 2, 2]]
    assert item.tempos.tolist() == [[0, 60_000_000 // 66]]


def test_a_book_of_tunes_gives_those_that_fit(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    chords = "X:2\nT:Chords\nM:2/4\nL:1/4\nK:C\n[CE] [DF]|\n"
    (tmp_path / "book.abc").write_text(f"{TUNE}\n{chords}\n{TUNE.replace('X:1', 'X:3')}")
    first, left_out, last = domains["melody"].read(tmp_path / "book.abc")
    assert left_out == Remark("two notes of the melody at one step", dropped=True)
    assert len(first) == len(last) == 11
    (tmp_path / "chords.abc").write_text(chords)
    with pytest.raises(UnusableFile, match="two notes of the melody at one step"):
        list(domains["melody"].read(tmp_path / "chords.abc"))


def test_notes_that_overlap_on_one_key_stay_whole(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains["performance"]
    notes = np.array([(0, 50, 60, 82, 0), (10, 5, 60, 42, 0), (20, 90, 60, 62, 0), (110, 5, 60, 82, 0)]).T
    piece = domain.encoding.quantise(Piece.of(50, [Track(name="Piano")], list(notes)))
    (path,) = domain.write(piece, tmp_path / "made")
    (back,) = domain.read(path)
    assert np.array_equal(np.stack(back.notes[:3]), notes[:3])
    assert [track.name for track in pretty_midi.PrettyMIDI(str(path)).instruments] == ["Piano", "Piano (twin)"]


def test_tracks_without_names_are_called_after_their_instruments(
    domains: dict[str, MidiDomain], bands: list[Any], tmp_path: Path
) -> None:
    (item,) = domains["score"].read(bands[0].path)
    midi = pretty_midi.PrettyMIDI(str(domains["score"].write(item, tmp_path / "made")[0]))
    assert [(track.name, track.program, track.is_drum) for track in midi.instruments if "(twin)" not in track.name] == [
        ("Acoustic Grand Piano", 0, False),
        ("Acoustic Grand Piano 2", 0, False),
        ("Electric Bass (finger)", 33, False),
        ("Flute", 73, False),
        ("Drums", 0, True),
    ]


def test_the_picture_shows_every_track_in_its_colour(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains["score"]
    notes = [f"program:{program} pitch:{55 + program} velocity:82 duration:24" for program in (0, 2, 4)]
    names = f"bar:3/4 tempo:120 position:0 {' '.join(notes)} " + "drum:58 velocity:82 " * 9
    item = domain.decode(np.array([0, *(domain.vocabulary.ids[name] for name in names.split()), 1]))
    pixels = np.asarray(Image.open(domain.display.render(item, "png", tmp_path / "made")).convert("RGB")).reshape(-1, 3)
    for colour in ((200, 85, 61), (224, 160, 48), (61, 143, 111), (85, 88, 92)):
        assert (np.abs(pixels.astype(int) - colour).sum(axis=1) < 6).sum() > 500


@pytest.mark.parametrize(("name", "seconds"), [("performance", None), ("drums", 60 / 80)])
def test_the_sound_lasts_as_long_as_the_music(
    name: str, seconds: float | None, domains: dict[str, MidiDomain], bands: list[Any], tmp_path: Path
) -> None:
    (item,) = domains[name].read(bands[0].path)
    with wave.open(str(domains[name].display.render(item, "wav", tmp_path / "made"))) as file:
        lasts = file.getnframes() / file.getframerate()
    # Performances tell their time; drums are written at the tempo that is set, 80 quarters a minute.
    music = item.end / 100 if seconds is None else item.end / 4 * seconds
    assert music <= lasts < music + 8


def test_notes_from_which_the_synthesizer_never_comes_back_sound_lower(
    domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    made = []
    for pitch in (107, 95):
        piece = Piece.of(12, [Track(27)], [np.array([number]) for number in (0, 12, pitch, 82, 0)])
        made.append(domains["score"].display.render(piece, "wav", tmp_path / str(pitch)).read_bytes())
    assert made[0] == made[1]
    assert any(made[0][44:])


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

"""Scores from music21's own corpus and made for the test, as pieces and as chorales."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import mido
import music21
import numpy as np
import pytest
from grids import HOLD, Grid
from helpers import FOUR, only_piece, read_grid, reason_of
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.score_reader import JUMPS, REPEATS, read_scores
from seqgen_midi.music.piece import Piece

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


BACH = Path(music21.__file__).parent / "corpus" / "bach"


def test_a_tune_with_chord_symbols_is_read_as_it_is_written(domains: dict[str, MidiDomain], tune: Path) -> None:
    domain = domains["melody"]
    item = only_piece(domain, tune)
    names = " ".join(domain.vocabulary[int(number)] for number in domain.encode(item).ids)
    held = {length: " hold" * (length - 1) for length in (2, 4, 6, 8, 12)}
    assert names == (
        f"<bos> bar:1/4 pitch:62{held[4]} bar:3/4 chord:G pitch:67{held[4]} pitch:71{held[4]} pitch:74{held[4]} "
        f"bar:3/4 chord:D7 pitch:72{held[8]} pitch:69{held[4]} bar:3/4 chord:Em pitch:67{held[6]} pitch:66{held[2]} "
        f"pitch:67{held[4]} bar:3/4 chord:C pitch:64{held[12]} bar:3/4 chord:G pitch:67{held[12]} <eos>"
    )


@pytest.mark.parametrize("resolution", [4, 12])
def test_chord_symbols_under_a_held_note_come_back_from_every_kind_of_file(resolution: int, tmp_path: Path) -> None:
    lines = '"Am"A2"E7"B2|"F"c>d "G"z2|"C"c4-|"Dm7"c"G7"c3|(3"C"efe "F"c "C"z|'
    (tmp_path / "tune.abc").write_text(f"X:1\nM:2/4\nL:1/8\nK:Am\n{lines}\n")
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", resolution=resolution))
    read = only_piece(domain, tmp_path / "tune.abc")
    half = resolution // 2
    more = [(8 * half + half, 2, 4), (8 * half + 2 * half, 5, 0), (16 * half + 3 * half, 7, 2)]
    chords = np.array(sorted([*map(tuple, read.chords.tolist()), *more]), np.int32)
    item = replace(read, chords=chords[np.append(np.diff(chords[:, 0]) > 0, True)])
    ids = domain.encode(item).ids
    for rendering in ("abc", "musicxml"):
        back = only_piece(domain, domain.display.render(item, rendering, tmp_path / "made"))
        assert np.array_equal(domain.encode(back).ids, ids)
    (file,) = domain.write(item, tmp_path / "made")
    assert np.array_equal(domain.encode(only_piece(domain, file)).ids, ids)


def test_a_melody_comes_back_from_its_score_with_its_chord_symbols(
    domains: dict[str, MidiDomain], tune: Path, tmp_path: Path
) -> None:
    domain = domains["melody"]
    item = only_piece(domain, tune)
    back = only_piece(domain, domain.display.render(item, "musicxml", tmp_path / "made"))
    assert np.array_equal(domain.encode(back).ids, domain.encode(item).ids)
    (file,) = domain.write(item, tmp_path / "made")
    back = only_piece(domain, file)
    assert np.array_equal(domain.encode(back).ids, domain.encode(item).ids)
    midi = mido.MidiFile(file)
    assert [message.text for message in midi.tracks[0] if message.type == "text"] == ["G", "D7", "Em", "C", "G"]


def test_a_score_of_the_corpus_agrees_with_music21_itself(domains: dict[str, MidiDomain]) -> None:
    path = Path(music21.__file__).parent / "corpus" / "bach" / "bwv432.mxl"
    parts = music21.converter.parse(path, forceSource=True, storePickle=False).stripTies().parts
    theirs = sorted(
        (int(float(note.offset) * 12 + 0.5), int(float(note.quarterLength) * 12 + 0.5), note.pitch.midi)
        for part in parts
        for note in part.flatten().notes
    )
    item = only_piece(domains["score"], path)
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
    item = only_piece(domains["score"], tmp_path / "duo.musicxml")
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


def test_a_chorale_of_the_corpus_agrees_with_music21_itself(domain: MidiDomain) -> None:
    path = BACH / "bwv269.mxl"
    piece = only_piece(domain, path)
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


NOTE = "<note>{}<pitch><step>{}</step><octave>4</octave></pitch><duration>1</duration></note>"
HARMONY = "<harmony><root><root-step>C</root-step></root><kind>{}</kind></harmony>"


def test_what_a_piece_has_no_place_for_is_counted(tmp_path: Path) -> None:
    directions = "".join(
        f"<direction><direction-type>{content}</direction-type></direction>"
        for content in ("<words>D.C. al Fine</words>", '<pedal type="start"/>', '<pedal type="stop"/>')
    )
    kinds = "".join(
        HARMONY.format(kind) + NOTE.format("", "C") for kind in ("major", "power", "none", "suspended-second")
    )
    chord = NOTE.format("", "E") + NOTE.format("<chord/>", "E") + NOTE.format("<chord/>", "G")
    (tmp_path / "score.musicxml").write_text(
        '<score-partwise><part-list><score-part id="P"><part-name>P</part-name></score-part></part-list><part id="P">'
        f"<measure><attributes><divisions>1</divisions></attributes>{kinds}</measure>"
        f'<measure>{chord}{directions}{chord}<barline><repeat direction="backward"/></barline></measure>'
        "</part></score-partwise>"
    )
    (piece,) = read_scores(tmp_path / "score.musicxml")
    assert isinstance(piece, Piece)
    assert sorted(piece.pitch.tolist()) == [60] * 4 + [64] * 4 + [67] * 2
    assert len(piece.chords) == 1
    assert {text: count for text, count in piece.omitted.items() if count} == {
        REPEATS: 1,
        JUMPS: 1,
        "pedal marks of scores left out": 1,
        "chord symbols of kinds that there are no tokens for left out": 3,
    }


@pytest.mark.parametrize(
    ("music", "pitches"),
    [
        ("|:CDEF|GABc:|CDEF|EEEE|", "CDEFGABcCDEFGABcCDEFEEEE"),
        ("CDEF|GABc|EEEE:|", "CDEFGABcEEEECDEFGABcEEEE"),
        ("|:CDEF|1GABc:|2cBAG|", "CDEFGABcCDEFcBAG"),
        ("CDEF|GABc|EEEE|", "CDEFGABcEEEE"),
    ],
)
def test_repeats_are_played_out_if_asked_for(music: str, pitches: str, tmp_path: Path) -> None:
    (tmp_path / "tune.abc").write_text(f"X:1\nM:4/4\nL:1/4\nK:C\n{music}\n")
    names = dict(zip("CDEFGABc", (60, 62, 64, 65, 67, 69, 71, 72), strict=True))
    for setting, count in ((True, 0), (False, music.count(":|"))):
        domain = MidiDomain(MidiDomain.Settings(encoding="melody", expand_repeats=setting))
        found = list(domain.read(tmp_path / "tune.abc"))
        assert sum(one.count for one in found if isinstance(one, Remark)) == count
        (piece,) = (one for one in found if isinstance(one, Piece))
        heard = pitches if setting else "".join(letter for letter in music if letter in names)
        assert piece.pitch.tolist() == [names[letter] for letter in heard]

"""MusicXML as it sounds: transposing instruments, struck drums, instruments that only have a name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from seqgen_midi.io.musicxml import drum_key, program_of_name, sounding_score
from seqgen_midi.io.score_reader import REPEATS, parse_file, piece_of, read_scores
from seqgen_midi.music.piece import Piece

C4 = "<pitch><step>C</step><octave>4</octave></pitch>"
NOTE = "<note>{}<duration>1</duration>{}</note>"


def score(*parts: tuple[str, str]) -> str:
    """A score of parts: what stands in the head of each, and what stands in its one bar."""
    heads = "".join(f'<score-part id="P{number}">{head}</score-part>' for number, (head, _) in enumerate(parts))
    bodies = "".join(
        f'<part id="P{number}"><measure number="1"><attributes><divisions>1</divisions></attributes>{body}</measure>'
        "</part>"
        for number, (_, body) in enumerate(parts)
    )
    return f'<score-partwise version="3.1"><part-list>{heads}</part-list>{bodies}</score-partwise>'


def piece(folder: Path, *parts: tuple[str, str]) -> Piece:
    (folder / "score.musicxml").write_text(score(*parts))
    return piece_of(parse_file(folder / "score.musicxml"))


def transpose(chromatic: int, octaves: int = 0) -> str:
    change = f"<octave-change>{octaves}</octave-change>" if octaves else ""
    return f"<attributes><transpose><chromatic>{chromatic}</chromatic>{change}</transpose></attributes>"


def test_transposing_instruments_sound_where_they_sound(tmp_path: Path) -> None:
    horn = transpose(-7) + NOTE.format(C4, "") + transpose(0, -1) + NOTE.format(C4, "") + transpose(9) * 2
    high = "<pitch><step>B</step><alter>1</alter><octave>4</octave></pitch>"
    found = piece(tmp_path, ("<part-name>A</part-name>", horn + NOTE.format(high, "")), ("", NOTE.format(C4, "")))
    assert [found.pitch[found.track == track].tolist() for track in (0, 1)] == [[53, 48, 81], [60]]


def test_an_instrument_at_concert_pitch_is_not_moved(tmp_path: Path) -> None:
    head = '<part-name>Clarinet in Bb</part-name><score-instrument id="I"><instrument-name>Clarinet</instrument-name>'
    head += '</score-instrument><midi-instrument id="I"><midi-program>72</midi-program></midi-instrument>'
    assert piece(tmp_path, (head, NOTE.format(C4, ""))).pitch.tolist() == [60]


def test_chord_symbols_move_with_the_notes(tmp_path: Path) -> None:
    symbol = "<harmony><root><root-step>D</root-step></root><kind>minor</kind></harmony>"
    found = piece(tmp_path, ("<part-name>A</part-name>", transpose(-2) + symbol + NOTE.format(C4, "")))
    assert found.chords.tolist() == [[0, 0, 1]]


def test_unpitched_notes_are_drums(tmp_path: Path) -> None:
    place = "<unpitched><display-step>{}</display-step><display-octave>{}</display-octave></unpitched>"
    head = "<part-name>Kit</part-name>"
    for identifier, name, key in (("a", "Gong", 57), ("b", "Snare", None), ("c", "Closed Hi-Hat", 43)):
        head += f'<score-instrument id="{identifier}"><instrument-name>{name}</instrument-name></score-instrument>'
        if key is not None:
            head += f'<midi-instrument id="{identifier}"><midi-unpitched>{key}</midi-unpitched></midi-instrument>'
    notes = "".join(
        NOTE.format(extra + place.format(*where), f'<instrument id="{identifier}"/>')
        for extra, where, identifier in (("", "A3", "a"), ("", "C5", "b"), ("<chord/>", "G5", "c"))
    )
    plain = NOTE.format(place.format("F", 4), "") + NOTE.format(C4, "")
    found = piece(tmp_path, (head, notes), ("<part-name>Other</part-name>", plain))
    assert found.pitch[found.is_drum].tolist() == [56, 36, 38, 42]
    assert found.pitch[~found.is_drum].tolist() == [60]


def test_every_key_of_the_kit_has_a_display_position() -> None:
    assert [drum_key("CDEFGAB"[key % 7], 20 + key // 7) for key in range(128)] == list(range(128))


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("Violin", 40), ("Trumpet in Bb", 56), ("wind.reed.oboe", 68), ("Violoncello", 42), ("Klavier", 0),
        ("Tenor Sax", 66), ("Acoustic Grand Piano", 0), ("Theremin", None),
    ],
)  # fmt: skip
def test_the_name_of_an_instrument_gives_its_program(tmp_path: Path, name: str, program: int | None) -> None:
    assert program_of_name(name) == program
    instrument = f'<score-instrument id="I"><instrument-name>{name}</instrument-name></score-instrument>'
    heads = [f"<part-name>{name}</part-name>", "<part-name>Solo</part-name>" + instrument]
    found = piece(tmp_path, *[(head, NOTE.format(C4, "")) for head in heads])
    assert {track.program for track in found.tracks} == {program or 0}


def test_a_compressed_score_sounds_the_same(tmp_path: Path) -> None:
    text = score(("<part-name>Horn</part-name>", transpose(-7) + NOTE.format(C4, "")))
    with zipfile.ZipFile(tmp_path / "score.mxl", "w") as archive:
        container = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", text)
    (found,) = read_scores(tmp_path / "score.mxl")
    assert isinstance(found, Piece)
    assert (found.pitch.tolist(), found.tracks[0].program) == ([53], 60)


def test_other_xml_is_left_to_music21(tmp_path: Path) -> None:
    for text in ("<score", "<html/>"):
        (tmp_path / "a.xml").write_text(text)
        assert sounding_score(tmp_path / "a.xml") is None


def test_a_repeat_counts_from_the_bar_line_where_it_begins(tmp_path: Path) -> None:
    begins, ends = '<repeat direction="forward"/>', '<repeat direction="backward"/>'
    barlines = [
        ("", f'<barline location="right">{begins}</barline>'),
        ("", ""),
        (f'<barline location="left">{ends}</barline>', f"<barline>{begins}</barline>"),
    ]
    divisions = "<attributes><divisions>1</divisions></attributes>"
    measures = "".join(
        f'<measure number="{number}">{divisions}{left}{NOTE.format(C4.replace("4", str(number)), "")}{right}</measure>'
        for number, (left, right) in enumerate(barlines, 3)
    )
    (tmp_path / "score.musicxml").write_text(
        '<score-partwise><part-list><score-part id="P"><part-name/></score-part></part-list>'
        f'<part id="P">{measures}</part></score-partwise>'
    )
    (plain,) = read_scores(tmp_path / "score.musicxml")
    assert isinstance(plain, Piece)
    assert plain.omitted[REPEATS] == 1
    (played,) = read_scores(tmp_path / "score.musicxml", expand_repeats=True)
    assert isinstance(played, Piece)
    assert played.pitch.tolist() == [48, 60, 60, 72]

"""MIDI files that are written open elsewhere with the same notes and bars, and read back equal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import music21
import numpy as np
import pretty_midi
import pytest
import symusic
from grids import HOLD, REST, Grid
from helpers import only_piece
from seqgen_midi.domain import MidiDomain
from seqgen_midi.io.midi_reader import read_midi
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.piece import Piece, Track

from seqgen import InvalidValue


@pytest.fixture(scope="module")
def sixteen_bars(domain: MidiDomain) -> list[Piece]:
    rng = np.random.default_rng(21)
    grammars = [
        domain.grammar(domain.Constraints(bars=16, time_signature=meter)) for meter in ("4/4", "3/4", "12/8", None)
    ]
    return [domain.decode(grammar.walk(rng)) for grammar in grammars]


NAMES = ["Soprano", "Alto", "Tenor", "Bass"]


def ours(item: Piece, voice: int) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in Grid.of(item).notes(voice)]


def read_grids(domain: MidiDomain, path: Path) -> list[Grid]:
    return [Grid.of(piece) for piece in domain.read(path)]


def test_written_midi_opens_in_pretty_midi_mido_and_symusic(
    domain: MidiDomain, sixteen_bars: list[Piece], tmp_path: Path
) -> None:
    for number, item in enumerate(sixteen_bars):
        (path,) = domain.write(item, tmp_path / f"made.{number}")
        assert path == tmp_path / f"made.{number}.mid"
        pretty = pretty_midi.PrettyMIDI(str(path))
        assert [track.name for track in pretty.instruments] == NAMES
        file = mido.MidiFile(path)
        tracks = symusic.Score(path).tracks
        assert [track.name for track in tracks] == NAMES
        assert file.ticks_per_beat == 480
        for voice in range(4):
            expected = [(start * 120, end * 120, pitch) for start, end, pitch in ours(item, voice)]
            assert [(note.time, note.end, note.pitch) for note in tracks[voice].notes] == expected
            ticks = np.cumsum([message.time for message in file.tracks[voice + 1] if not message.is_meta])
            assert {int(tick) % 120 for tick in ticks} == {0}
            assert ticks[-1] == expected[-1][1]
            assert [note.pitch for note in sorted(pretty.instruments[voice].notes, key=lambda note: note.start)] == [
                pitch for _, _, pitch in expected
            ]


def test_sixteen_bars_are_sixteen_measures_elsewhere(
    domain: MidiDomain, sixteen_bars: list[Piece], tmp_path: Path
) -> None:
    for item in sixteen_bars:
        for path in (
            *domain.write(item, tmp_path / "made"),
            domain.display.render(item, "musicxml", tmp_path / "made"),
        ):
            score = music21.converter.parse(path, forceSource=True, storePickle=False)
            assert [part.partName for part in score.parts] == NAMES
            for part in score.parts:
                measures = part.getElementsByClass("Measure")
                assert len(measures) == 16
                assert {float(measure.duration.quarterLength) * 4 for measure in measures} == {Grid.of(item).bar}


@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_reads_back_equal(domain: MidiDomain, seed: int, tmp_path: Path) -> None:
    item = domain.decode(domain.grammar().walk(np.random.default_rng(seed)))
    assert read_grids(domain, domain.write(item, tmp_path / "made")[0]) == [Grid.of(item)]
    assert read_grids(domain, domain.display.render(item, "musicxml", tmp_path / "made")) == [Grid.of(item)]


@pytest.mark.parametrize(
    ("meter", "pickup"), [("4/4", 1), ("4/4", 5), ("4/4", 12), ("3/4", 11), ("2/2", 8), ("6/4", 23)]
)
def test_every_pickup_reads_back(domain: MidiDomain, meter: str, pickup: int, tmp_path: Path) -> None:
    item = Grid(meter, pickup, ((72, 67, 60, 48), *((HOLD,) * 4,) * 60, (REST, REST, 62, REST)))
    assert read_grids(domain, domain.write(item.piece(), tmp_path / "made")[0]) == [item]
    assert read_grids(domain, domain.display.render(item.piece(), "musicxml", tmp_path / "made")) == [item]


def test_a_pickup_is_a_short_first_bar_in_other_programs(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    for path in (
        *domain.write(chorale, tmp_path / "made"),
        domain.display.render(chorale, "musicxml", tmp_path / "made"),
    ):
        score = music21.converter.parse(path, forceSource=True, storePickle=False)
        for part in score.parts:
            measures = part.getElementsByClass("Measure")
            assert [float(measure.duration.quarterLength) for measure in measures] == [1, 4, 4]


def test_the_tempo_is_the_one_that_was_set(chorale: Piece, tmp_path: Path) -> None:
    domain = MidiDomain(MidiDomain.Settings(tempo=133))
    midi = pretty_midi.PrettyMIDI(str(domain.write(chorale, tmp_path / "made")[0]))
    assert midi.get_tempo_changes()[1] == pytest.approx([133], rel=1e-5)
    assert midi.get_end_time() == pytest.approx(chorale.end * 60 / 133 / 4, rel=1e-5)
    for tempo in ("19", "301", "fast"):
        with pytest.raises(InvalidValue, match="tempo"):
            MidiDomain.Settings.from_mapping({"tempo": tempo})


def test_the_key_is_estimated_as_music21_does(domain: MidiDomain, tmp_path: Path) -> None:
    folder = Path(music21.__file__).parent / "corpus" / "bach"
    for name, key, sharps in (("bwv269.mxl", "G", 1), ("bwv254.mxl", "Dm", -1), ("bwv355.mxl", "A", 3)):
        item = only_piece(domain, folder / name)
        (path,) = domain.write(item, tmp_path / "made")
        written = [message.key for message in mido.MidiFile(path).tracks[0] if message.type == "key_signature"]
        theirs = music21.converter.parse(path, forceSource=True, storePickle=False).analyze("key.krumhanslkessler")
        assert written == [key]
        assert theirs.sharps == sharps
        score = music21.converter.parse(domain.display.render(item, "musicxml", tmp_path / "made"), forceSource=True)
        assert {found.sharps for found in score.recurse().getElementsByClass("KeySignature")} == {sharps}


def test_the_key_of_a_chorale_is_the_one_its_score_declares_where_music21_hears_the_dominant(
    domain: MidiDomain, tmp_path: Path
) -> None:
    item = only_piece(domain, Path(music21.__file__).parent / "corpus" / "bach" / "bwv3.6.mxl")
    (path,) = domain.write(item, tmp_path / "made")
    assert [message.key for message in mido.MidiFile(path).tracks[0] if message.type == "key_signature"] == ["A"]


@pytest.mark.parametrize("name", ["Cmaj", "Emin", "Ddor", "Ephr", "Gmix", "Flyd", "Bloc"])
def test_a_key_in_any_mode_is_read_back(name: str, chorale: Piece, domain: MidiDomain, tmp_path: Path) -> None:
    (path,) = domain.write(replace(chorale, key=parse_key(name)), tmp_path / name)
    (piece,) = (result for result in read_midi(path) if isinstance(result, Piece))
    assert piece.key == parse_key(name)
    assert not len(piece.chords)


def test_notes_that_overlap_on_one_key_stay_whole(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains["performance"]
    notes = np.array([(0, 50, 60, 82, 0), (10, 5, 60, 42, 0), (20, 90, 60, 62, 0), (110, 5, 60, 82, 0)]).T
    piece = domain.encoding.quantise(Piece.of(50, [Track(name="Piano")], list(notes)))
    (path,) = domain.write(piece, tmp_path / "made")
    back = only_piece(domain, path)
    assert np.array_equal(np.stack(back.notes[:3]), notes[:3])
    assert [track.name for track in pretty_midi.PrettyMIDI(str(path)).instruments] == ["Piano", "Piano (twin)"]


def test_tracks_without_names_are_called_after_their_instruments(
    domains: dict[str, MidiDomain], bands: list[Any], tmp_path: Path
) -> None:
    item = only_piece(domains["score"], bands[0].path)
    midi = pretty_midi.PrettyMIDI(str(domains["score"].write(item, tmp_path / "made")[0]))
    assert [(track.name, track.program, track.is_drum) for track in midi.instruments if "(twin)" not in track.name] == [
        ("Acoustic Grand Piano", 0, False),
        ("Acoustic Grand Piano 2", 0, False),
        ("Electric Bass (finger)", 33, False),
        ("Flute", 73, False),
        ("Drums", 0, True),
    ]

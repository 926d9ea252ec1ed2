"""What is written opens elsewhere with the same notes and bars, and reads back equal."""

from __future__ import annotations

import wave
from pathlib import Path

import matplotlib
import mido
import music21
import numpy as np
import pretty_midi
import pytest
import symusic
from grids import HOLD, REST, Grid
from PIL import Image
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece

from seqgen import InvalidValue, OutputError, UnknownName

NAMES = ["Soprano", "Alto", "Tenor", "Bass"]


@pytest.fixture(scope="module")
def sixteen_bars(domain: MidiDomain) -> list[Piece]:
    rng = np.random.default_rng(21)
    grammars = [
        domain.grammar(domain.Constraints(bars=16, time_signature=meter)) for meter in ("4/4", "3/4", "12/8", None)
    ]
    return [domain.decode(grammar.walk(rng)) for grammar in grammars]


def ours(item: Piece, voice: int) -> list[tuple[int, int, int]]:
    return [(note.start, note.end, note.pitch) for note in Grid.of(item).notes(voice)]


def midi_and_score(domain: MidiDomain, item: Piece, folder: Path) -> list[Path]:
    return [*domain.write(item, folder / "made"), domain.display.render(item, "musicxml", folder / "made")]


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
    for name, key, sharps in (("bwv269.mxl", "G", 1), ("bwv254.mxl", "Dm", -1), ("bwv3.6.mxl", "E", 4)):
        (item,) = domain.read(folder / name)
        (path,) = domain.write(item, tmp_path / "made")
        written = [message.key for message in mido.MidiFile(path).tracks[0] if message.type == "key_signature"]
        theirs = music21.converter.parse(path, forceSource=True, storePickle=False).analyze("key.krumhanslkessler")
        assert written == [key]
        assert theirs.sharps == sharps
        score = music21.converter.parse(domain.display.render(item, "musicxml", tmp_path / "made"), forceSource=True)
        assert {found.sharps for found in score.recurse().getElementsByClass("KeySignature")} == {sharps}


def test_scores_spell_the_leading_note_of_minor(domain: MidiDomain, tmp_path: Path) -> None:
    chords = [
        (74, 69, 65, 50),
        (73, 69, 64, 57),
        (74, 69, 65, 50),
        (72, 67, 64, 48),
        (70, 67, 62, 55),
        (69, 65, 62, 50),
    ]
    item = Grid("3/4", 0, tuple(column for chord in chords for column in (chord, *((HOLD,) * 4,) * 3))).piece()
    score = music21.converter.parse(domain.display.render(item, "musicxml", tmp_path / "made"), forceSource=True)
    assert [note.pitch.name for note in score.parts[0].flatten().notes] == ["D", "C#", "D", "C", "B-", "A"]


def test_notes_across_a_bar_line_are_tied_in_the_score(domain: MidiDomain, tmp_path: Path) -> None:
    item = Grid("2/4", 0, ((72, 67, 60, 48), *((HOLD,) * 4,) * 12, (74, 67, 60, 48), *((HOLD,) * 4,) * 2)).piece()
    score = music21.converter.parse(domain.display.render(item, "musicxml", tmp_path / "made"), forceSource=True)
    notes = [(float(note.quarterLength), note.tie and note.tie.type) for note in score.parts[0].flatten().notes]
    assert notes == [(2.0, "start"), (1.0, "continue"), (0.25, "stop"), (0.75, None)]
    assert [type(part.flatten().getElementsByClass("Clef")[0]).__name__ for part in score.parts] == [
        "TrebleClef",
        "TrebleClef",
        "Treble8vbClef",
        "BassClef",
    ]


def test_the_picture_shows_every_voice_in_its_colour(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    backend = matplotlib.get_backend()
    path = domain.display.render(chorale, "png", tmp_path / "made")
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    for colour in ((200, 85, 61), (224, 160, 48), (61, 143, 111), (51, 101, 138)):
        assert (np.abs(pixels.astype(int) - colour).sum(axis=1) < 6).sum() > 500
    assert matplotlib.get_backend() == backend


def test_the_sound_lasts_as_long_as_the_music(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    with wave.open(str(domain.display.render(chorale, "wav", tmp_path / "made"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44100)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        seconds = file.getnframes() / 44100
    music = chorale.end * 60 / 80 / 4
    assert music <= seconds < music + 6
    assert 20_000 < np.abs(samples.astype(int)).max() < 32_767


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 9, 30])
def test_a_sample_that_was_cut_short_can_still_be_written(
    domain: MidiDomain, chorale: Piece, cut: int, tmp_path: Path
) -> None:
    item = domain.decode(domain.encode(chorale).ids[:cut])
    files = [
        *domain.write(item, tmp_path / "cut"),
        *(domain.display.render(item, kind, tmp_path / "cut") for kind in domain.display.renderings),
    ]
    assert [file.name for file in files] == ["cut.mid", "cut.png", "cut.wav", "cut.musicxml", "cut.abc"]
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_an_unknown_rendering_and_a_bad_place_are_refused(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="there is: abc, musicxml, png, wav"):
        domain.display.render(chorale, "mp3", tmp_path / "made")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        domain.write(chorale, tmp_path / "file" / "made")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

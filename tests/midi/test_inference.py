"""The encoding that a corpus gets where none is set."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import pytest
from helpers import Notes, tune, write_midi
from seqgen_midi.domain import MidiDomain
from seqgen_midi.inference import infer_corpus

from seqgen import InvalidValue, Remark, UnusableFile
from seqgen.corpus.building.build import build


def played(notes: Notes) -> Notes:
    """The same as nobody's machine would have it."""
    shifts = np.random.default_rng(0).integers(0, 60, len(notes))
    return [
        (start + int(shift), end + int(shift) - 5, pitch)
        for (start, end, pitch), shift in zip(notes, shifts, strict=True)
    ]


def held(pitch: int) -> Notes:
    return [(0, 3840, pitch)]


def test_the_encoding_follows_from_what_is_in_a_file(tmp_path: Path) -> None:
    files = {
        "melody": write_midi(tmp_path / "melody.mid", tune(0)),
        "performance": write_midi(tmp_path / "played.mid", played(tune(0))),
        "drums": write_midi(tmp_path / "drums.mid", tune(0, 36), channel=9),
        "chorale": write_midi(tmp_path / "four.mid", *(held(pitch) for pitch in (72, 67, 60, 48))),
        "score": write_midi(tmp_path / "two.mid", tune(0), tune(1, 48)),
    }
    assert {name: MidiDomain().inference.inspect(path)["encoding"] for name, path in files.items()} == {
        name: name for name in files
    }
    (tmp_path / "tune.abc").write_text("X:1\nM:2/4\nL:1/8\nK:C\nCDEF|GABc|\n")
    assert MidiDomain().inference.inspect(tmp_path / "tune.abc") == {"encoding": "melody", "resolution": 4}


@pytest.mark.parametrize(
    ("kinds", "encoding"),
    [
        (["chorale"] * 3 + ["score"], "chorale"),
        (["chorale", "score"], "score"),
        (["drums"] * 5, "drums"),
        (["performance"] * 2 + ["score"], "performance"),
        (["melody", "melody", "performance", "performance"], "score"),
        ([], "score"),
    ],
)
def test_an_encoding_that_leaves_things_out_must_fit_most_files(kinds: list[str], encoding: str) -> None:
    assert infer_corpus(kinds) == encoding


def test_a_setting_that_the_guess_has_no_use_for_is_told() -> None:
    asked = MidiDomain(MidiDomain.Settings(resolution=12))
    assert asked.inference.infer([{"encoding": "melody", "resolution": 4}]).encoding == "melody"
    with pytest.raises(InvalidValue, match="only the encodings drums, melody, score have it"):
        asked.inference.infer([{"encoding": "performance", "resolution": 24}])


def test_a_guess_is_said_and_saved_and_transposed_copies_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    for number in range(4):
        write_midi(folder / f"{number}.mid", tune(number))
    write_midi(folder / "moved.mid", tune(2, 65), tempo=300_000, program=73)
    corpus = build(MidiDomain(), [folder], tmp_path / "corpus")
    assert corpus.settings["encoding"] == "melody"
    assert corpus.remarks == {
        "encoding=melody, guessed from 5 of the files": 1,
        "resolution=4, guessed from 5 of the files": 1,
    }
    assert corpus.dropped == {"a duplicate but for key, tempo or sound": 1}
    assert list(corpus.sources())[-1]["dropped"] == {"a duplicate of 2.mid but for key, tempo or sound": 1}
    chosen = build(MidiDomain(MidiDomain.Settings(encoding="score", resolution=12)), [folder], tmp_path / "chosen")
    assert (chosen.settings["encoding"], chosen.remarks) == ("score", {})


def test_a_file_that_is_no_music_has_no_encoding(tmp_path: Path) -> None:
    for name, content, reason in (
        ("a.mid", b"noise", "not a MIDI file"),
        ("b.abc", b"X:1\nM:4/4\nL:1/8\nK:C\nz8|]\n", "empty"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnusableFile, match=reason):
            MidiDomain().inference.inspect(tmp_path / name)


def grid_of(step: int) -> Notes:
    """Notes of so many ticks, one after the other."""
    return [(step * number, step * number + step, 60 + number % 12) for number in range(24)]


@pytest.mark.parametrize(
    ("step", "resolution"), [(240, 4), (120, 4), (160, 12), (80, 12), (40, 12), (60, 24), (20, 24)]
)
def test_the_resolution_follows_from_the_rhythms(step: int, resolution: int, tmp_path: Path) -> None:
    path = write_midi(tmp_path / "tune.mid", grid_of(step))
    assert MidiDomain().inference.inspect(path)["resolution"] == resolution


def test_a_finer_grid_is_inferred_where_most_files_need_it(tmp_path: Path) -> None:
    found = [{"encoding": "drums", "resolution": grid} for grid in (4, 12, 12, 4)]
    drums = MidiDomain(MidiDomain.Settings(encoding="drums")).inference
    assert drums.is_needed()
    assert drums.infer(found).resolution == 12
    assert drums.infer([found[0], *found]).resolution == 12
    assert drums.infer([found[0]] * 4 + found[:2]).resolution == 4
    assert drums.infer([]).resolution == 4
    score = MidiDomain(MidiDomain.Settings(encoding="score")).inference
    assert score.infer(found).resolution == 12
    assert not MidiDomain(MidiDomain.Settings(encoding="drums", resolution=4)).inference.is_needed()
    assert not MidiDomain(MidiDomain.Settings(encoding="performance")).inference.is_needed()


def test_the_resolution_that_a_corpus_needs_is_said_and_nothing_is_moved(tmp_path: Path) -> None:
    folder = tmp_path / "shuffles"
    folder.mkdir()
    for number in range(4):
        swung = [(480 * (at // 2) + 320 * (at % 2), 480 * (at // 2) + 320 + 160 * (at % 2), 36 + 2 * at % (5 + number))
                 for at in range(24)]  # fmt: skip
        write_midi(folder / f"{number}.mid", swung, channel=9)
    corpus = build(MidiDomain(MidiDomain.Settings(encoding="drums")), [folder], tmp_path / "corpus")
    assert corpus.settings["resolution"] == 12
    assert list(corpus.remarks) == ["resolution=12, guessed from 4 of the files"]


def test_a_band_that_plays_freely_keeps_its_players(tmp_path: Path) -> None:
    alone = write_midi(tmp_path / "alone.mid", played(tune(0)), played(tune(1)))
    assert MidiDomain().inference.inspect(alone)["encoding"] == "performance"
    midi = mido.MidiFile(alone)
    midi.tracks[2][0] = mido.Message("program_change", program=33)
    for message in midi.tracks[2]:
        if not message.is_meta:
            message.channel = 1
    midi.save(tmp_path / "band.mid")
    assert MidiDomain().inference.inspect(tmp_path / "band.mid") == {"encoding": "score", "resolution": 24}
    settings = MidiDomain().inference.infer([MidiDomain().inference.inspect(tmp_path / "band.mid")])
    assert (settings.encoding, settings.resolution) == ("score", 24)
    domain = MidiDomain(settings)
    remarks = [found for found in domain.read(tmp_path / "band.mid") if isinstance(found, Remark)]
    assert [remark.text.partition(":")[0] for remark in remarks] == ["free playing"]

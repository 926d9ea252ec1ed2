"""The encoding that a corpus gets where none is set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers import Notes, tune, write_midi
from seqgen_midi.domain import MidiDomain
from seqgen_midi.inference import infer_corpus

from seqgen import InvalidValue, UnusableFile
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
    assert {name: MidiDomain().inference.inspect(path) for name, path in files.items()} == {
        name: name for name in files
    }
    (tmp_path / "tune.abc").write_text("X:1\nM:2/4\nL:1/8\nK:C\nCDEF|GABc|\n")
    assert MidiDomain().inference.inspect(tmp_path / "tune.abc") == "melody"


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
    assert asked.inference.infer(["melody"]).encoding == "melody"
    with pytest.raises(InvalidValue, match="only the encodings drums, melody, score have it"):
        asked.inference.infer(["performance"])


def test_a_guess_is_said_and_saved_and_transposed_copies_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "tunes"
    folder.mkdir()
    for number in range(4):
        write_midi(folder / f"{number}.mid", tune(number))
    write_midi(folder / "moved.mid", tune(2, 65), tempo=300_000, program=73)
    corpus = build(MidiDomain(), [folder], tmp_path / "corpus")
    assert corpus.settings["encoding"] == "melody"
    assert corpus.remarks == {"encoding=melody, guessed from 5 of the files": 1}
    assert corpus.dropped == {"a duplicate but for key, tempo or sound": 1}
    assert list(corpus.sources())[-1]["dropped"] == {"a duplicate of 2.mid but for key, tempo or sound": 1}
    chosen = build(MidiDomain(MidiDomain.Settings(encoding="score")), [folder], tmp_path / "chosen")
    assert (chosen.settings["encoding"], chosen.remarks) == ("score", {})


def test_a_file_that_is_no_music_has_no_encoding(tmp_path: Path) -> None:
    for name, content, reason in (
        ("a.mid", b"noise", "not a MIDI file"),
        ("b.abc", b"X:1\nM:4/4\nL:1/8\nK:C\nz8|]\n", "empty"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnusableFile, match=reason):
            MidiDomain().inference.inspect(tmp_path / name)

"""A model of labelled chorales by the command: surprise is drawn, a melody is harmonised with a label."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pretty_midi
import pytest
from commands import exit_code

import seqgen

TUNE = [72, 74, 76, 77, 76, 74, 71, 72]


@pytest.fixture(scope="module")
def labels(pieces: Path, tmp_path_factory) -> Path:
    """Returns a table of pieces and their moods."""
    folder = tmp_path_factory.mktemp("moods")
    for piece in pieces.glob("piece-*.mid"):
        shutil.copy(piece, folder)
    rows = [f"piece-{number:02}.mid,{('calm', 'wild')[number % 2]}\n" for number in range(12)]
    (folder / "labels.csv").write_text("file,mood\n" + "".join(rows))
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def run(labels: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("labelled-music") / "run"
    settings = {
        "base": "midi",
        "label_column": "mood",
        "batch_size": 4,
        "bptt_length": 32,
        "num_evaluations": 1,
        "coordinates": True,
    }
    seqgen.train([labels], folder, domain="sentiment", size="tiny", steps=4, settings=settings)
    return folder


@pytest.fixture
def call(run, monkeypatch, capsys):
    """Returns a function that calls a command with the run, and returns the lines of JSON that it prints."""
    trained = seqgen.load(run)
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, **options: trained)

    def do(command: str, *arguments: object):
        code = exit_code(monkeypatch, command, run, *arguments, "--json")
        out, err = capsys.readouterr()
        assert code == 0, err
        return [json.loads(line) for line in out.splitlines()]

    return do


def test_surprise_is_drawn_of_a_labelled_piece(call, labels, tmp_path):
    (scores,) = call("score", labels.with_name("piece-00.mid"), "-o", tmp_path)
    (picture,) = [Path(score["picture"]) for score in scores["scores"]]
    assert picture.suffix == ".png"
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_melody_is_harmonised_with_a_label(call, tmp_path):
    midi = pretty_midi.PrettyMIDI(initial_tempo=80)
    midi.instruments.append(pretty_midi.Instrument(0))
    midi.instruments[0].notes = [
        pretty_midi.Note(90, pitch, 0.75 * place, 0.75 * (place + 1)) for place, pitch in enumerate(TUNE)
    ]
    midi.write(str(tmp_path / "tune.mid"))
    asked = ["--prompt", tmp_path / "tune.mid", "--set", "harmonise=S", "--set", "label=wild", "--num-particles", 4]
    (made,) = call("sample", "-o", tmp_path / "out", "-n", 2, *asked)
    for sample in made["samples"]:
        path = next(Path(file) for file in sample["files"] if file.endswith(".mid"))
        assert path.parent.name == "wild"
        soprano, *others = pretty_midi.PrettyMIDI(str(path)).instruments
        assert [note.pitch for note in soprano.notes] == TUNE
        assert [len(voice.notes) > 0 for voice in others] == [True] * 3


def test_answers_carry_the_row_of_the_table(call, labels):
    answers = call("predict", labels)
    assert [answer["row"] for answer in answers] == list(range(1, 13))
    assert all(answer["probabilities"].keys() == {"calm", "wild"} for answer in answers)

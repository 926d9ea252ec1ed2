"""seqgen train: it resumes, starts from other weights, and stops cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from commands import error_sentence

import seqgen
from seqgen.files.stored_files import locked_folder, with_checksum, without_checksum

SETTINGS = ["--set", "batch_size=4", "--set", "bptt_length=32", "--set", "num_evaluations=2"]
STEPS = ["--size", "tiny", "--steps", "12", *SETTINGS]


def test_resume_goes_on_and_needs_no_sources(run_cli, pieces, tmp_path):
    first = run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "run", *STEPS)
    again = run_cli("train", "-o", tmp_path / "run", "--resume", "--steps", 16)
    assert (first[0], again[0]) == (0, 0)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 16
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    code, _, err = run_cli("train", "-o", tmp_path / "run", "--resume", "--set", "batch_size=8")
    assert (code, "began with batch_size=4" in err) == (2, True)


def test_training_says_what_was_dropped_and_guessed_once(run_cli, tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.txt").write_bytes(f"text {number} ".encode() * 300)
        (folder / f"latin-{number}.txt").write_bytes(b"caf\xe9 %d" % number)
    code, out, err = run_cli("train", folder, "--domain", "text", "-o", tmp_path / "run", *STEPS)
    assert code == 0, err
    assert "not UTF-8" in out
    assert "latin-0.txt" in out
    assert "cut inside" in " ".join(out.split())
    built = run_cli("build", folder, "--domain", "text", "-o", tmp_path / "built")[1]
    assert out.split("dropped because")[1].split("remark")[0] == built.split("dropped because")[1].split("remark")[0]
    assert "not UTF-8" not in run_cli("train", "-o", tmp_path / "run", "--resume", "--steps", 13)[1]


def test_a_run_is_trained_by_one_process_and_on_what_it_began_with(run_cli, pieces, tmp_path):
    run, corpus, moved = tmp_path / "run", tmp_path / "corpus", tmp_path / "moved"
    assert run_cli("build", pieces, "--domain", "midi", "-o", corpus)[0] == 0
    assert run_cli("train", corpus, "-o", run, *STEPS)[0] == 0
    code, _, err = run_cli("train", pieces, "-o", run, "--resume")
    assert (code, "began with other sources" in err) == (2, True)
    with locked_folder(run):
        code, _, err = run_cli("train", "-o", run, "--resume")
    assert (code, "is being trained by another process" in err) == (1, True)
    corpus.rename(moved)
    code, _, err = run_cli("train", "-o", run, "--resume", "--steps", 13)
    assert (code, "name the folder where it is now" in err) == (1, True)
    for sources in ([moved], []):
        code, _, err = run_cli("train", *sources, "-o", run, "--resume", "--steps", 13)
        assert code == 0, err
    manifest = json.loads((moved / "manifest.json").read_text())
    changed = with_checksum({**without_checksum(manifest), "examples": {"a": ["b"]}})
    (moved / "manifest.json").write_text(json.dumps(changed))
    code, _, err = run_cli("train", "-o", run, "--resume")
    assert (code, "is not the corpus" in err) == (1, True)


def test_the_better_bundle_is_kept_where_no_checkpoint_is_left(run_cli, run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    weights = (tmp_path / "run" / "bundle" / "model.safetensors").read_bytes()
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-5])
    code, _, err = run_cli("train", "-o", tmp_path / "run", "--resume")
    assert (code, "no other checkpoint can be read" in err) == (1, True)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    code, _, err = run_cli("train", "-o", tmp_path / "run", "--resume")
    assert (code, "no checkpoint to go on from" in err) == (1, True)
    assert (tmp_path / "run" / "bundle" / "model.safetensors").read_bytes() == weights


def test_a_run_begins_with_the_weights_of_another(run_cli, run, pieces, tmp_path):
    new = tmp_path / "new"
    arguments = [pieces, "--domain", "midi", "-o", new, "--from", run, *STEPS[2:], "--set", "learning_rate=1e-9"]
    code, _, err = run_cli("train", *arguments)
    assert code == 0, err
    before, after = (seqgen.load(folder).model.numpy_weights() for folder in (run, new))
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-6)
    assert "did not begin with" in run_cli("train", "-o", new, "--resume", "--from", pieces)[2]


def test_a_resumed_run_knows_its_settings_however_they_are_written(run_cli, pieces, tmp_path):
    first = ["--set", "dropout=0", "--set", "learning_rate=3e-3", "--set", "state_embedding=false"]
    first += ["--set", "tempo=090"]
    assert run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "a", *STEPS, *first)[0] == 0
    (tmp_path / "a").rename(tmp_path / "moved")
    again = run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "moved", "--resume", *STEPS, *first)
    assert again[0] == 0, again[2]
    assert run_cli("evaluate", tmp_path / "moved", "--json")[0] == 0


def test_training_on_a_terminal_shows_a_live_line_and_stops_with_1_on_ctrl_c(pieces, tmp_path):
    call = ["train", str(pieces), "--domain", "midi", "-o", str(tmp_path / "run"), "--size", "tiny", "--minutes", "1"]
    command = [sys.executable, "-m", "seqgen.cli", *call, *SETTINGS]
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=follower, close_fds=True)
    os.close(follower)
    shown = b""
    while b"notes/s" not in shown:
        shown += os.read(leader, 4096)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):
        while part := os.read(leader, 4096):
            shown += part
    assert process.wait(timeout=60) == 1
    assert b"reading files" in shown
    assert b"--resume" in shown
    assert b"Traceback" not in shown
    assert list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_run_that_is_not_there_cannot_be_resumed_without_a_word(run_cli, pieces, tmp_path):
    code, _, err = run_cli("train", "-o", tmp_path / "none", "--resume")
    assert (code, "There is no run in" in error_sentence(err)) == (2, True)
    assert not (tmp_path / "none").exists()
    code, _, err = run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "new", "--resume", *STEPS)
    assert (code, "so a new one begins" in err) == (0, True)


def test_a_model_that_could_not_be_loaded_is_not_trained(run_cli, run, pieces, tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.workflows.train.MAX_PARAMETERS", 10_000)
    code, _, err = run_cli("train", run / "corpus", "-o", tmp_path / "run", *STEPS)
    assert (code, "and a bundle holds at most 10,000" in error_sentence(err)) == (1, True)
    assert not list((tmp_path / "run").rglob("*.*"))


def test_a_damaged_run_is_one_sentence(run_cli, run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    for text in ("{}", "[" * 100_000, '{"corpus": 5}', "\x00"):
        (tmp_path / "run" / "settings.json").write_text(text)
        code, _, err = run_cli("train", "-o", tmp_path / "run", "--resume")
        assert "settings.json is damaged" in error_sentence(err)
        assert code == 1


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["train", "{tmp}/empty", "--domain", "midi", "-o", "{out}"], 1, "no files"),
        (["train", "{run}/corpus", "-o", "{out}", "--valid", "{tmp}"], 2, "is split already"),
        (["train", "{tmp}/broken", "--domain", "midi", "-o", "{out}"], 1, "None of the files can be used"),
        (["train", "{tmp}/lonely", "--domain", "midi", "-o", "{out}"], 1, "too small to split"),
        (["train", "{tmp}/nowhere", "-o", "{out}"], 2, "bach-chorales"),
        (["train", "bach-choral", "-o", "{out}"], 2, "did you mean 'bach-chorales'?"),
        (["train", "{pieces}", "--domain", "mid", "-o", "{out}"], 2, "did you mean 'midi'?"),
        (["train", "{pieces}", "-o", "{out}"], 2, "--domain"),
        (["train", "-o", "{out}"], 2, "nothing to train on"),
        (
            ["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--set", "hiden_size=3"],
            2,
            "did you mean 'hidden_size'?",
        ),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--set", "hidden_size=no"], 2, "hidden_size"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--set", "tempo=0"], 2, "tempo"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--size", "huge"], 2, "medium"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--steps", "5", "--minutes", "1"], 2, "twice"),
        (
            ["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{run}", "--size", "small"],
            2,
            "hidden_size=64",
        ),
        (
            ["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{run}", "--set", "num_layers=2"],
            2,
            "num_layers",
        ),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{run}", "--size", "huge"], 2, "medium"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{tmp}/empty"], 1, "seqgen train"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{run}"], 1, "--resume"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{pieces}"], 1, "not an empty folder"),
    ],
    ids=lambda value: " ".join(value[:2] + value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_trouble_is_one_sentence_and_leaves_nothing_behind(check_refusal, arguments, code, sentence):
    check_refusal(arguments, code, sentence)

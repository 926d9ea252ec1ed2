"""The command as a user meets it: the whole path on small real files, and every trouble in one sentence."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import mido
import music21
import numpy as np
import pretty_midi
import pytest
from commands import exit_code

import seqgen
from seqgen.contract.discovery import load_domain

STEPS = ["--size", "tiny", "--steps", "12", "--set", "streams=4", "--set", "segment=32", "--set", "evaluations=2"]


def call(monkeypatch, capsys, *arguments) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of `seqgen arguments…`."""
    code = exit_code(monkeypatch, *arguments)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def run_cli(monkeypatch, capsys):
    return lambda *arguments: call(monkeypatch, capsys, *arguments)


@pytest.fixture(scope="session")
def pieces(tmp_path_factory):
    """A folder of small pieces of music, and one file that is none."""
    folder, domain = tmp_path_factory.mktemp("pieces"), load_domain("midi")()
    grammar = domain.grammar(domain.Constraints(bars=4, time_signature="4/4"))
    for number in range(12):
        domain.write(domain.decode(grammar.walk(np.random.default_rng(number))), folder / f"piece-{number:02}")
    (folder / "photo.mid").write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500))
    return folder


@pytest.fixture(scope="session")
def run(pieces, tmp_path_factory):
    """A model trained for some steps."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    engine = {"streams": 4, "segment": 32, "evaluations": 2}
    seqgen.train([pieces], folder, domain="midi", size="tiny", steps=12, settings=engine)
    return folder


def test_build_says_what_was_kept_and_dropped(run_cli, pieces, tmp_path):
    code, out, _ = run_cli("build", pieces, "--domain", "midi", "-o", tmp_path / "corpus", "--json")
    told = json.loads(out)
    assert code == 0
    assert sum(part["documents"] for part in told["splits"].values()) == 12
    assert list(told["dropped"].values()) == [1]
    assert "kept" in run_cli("build", pieces, "--domain", "midi", "-o", tmp_path / "again")[1]


def test_build_takes_files_for_a_split_by_name(run_cli, pieces, tmp_path):
    first, second, *rest = sorted(pieces.glob("piece-*.mid"))
    held_out = ["--valid", first, "--test", second]
    code, out, _ = run_cli("build", *rest, "--domain", "midi", "-o", tmp_path / "corpus", *held_out, "--json")
    assert code == 0
    assert [part["documents"] for part in json.loads(out)["splits"].values()] == [10, 1, 1]


def test_the_whole_path_gives_files_that_other_programs_read(run_cli, run, tmp_path):
    code, out, _ = run_cli("sample", run, "-o", tmp_path, "-n", 2, "--set", "bars=3", "--set", "key=Gmaj", "--json")
    assert code == 0
    for sample in json.loads(out)["samples"]:
        assert sample["ended"]
        midi = next(file for file in sample["files"] if file.endswith(".mid"))
        assert len(pretty_midi.PrettyMIDI(midi).instruments) == 4
        assert mido.MidiFile(midi).length > 0
        assert len(music21.converter.parse(midi, forceSource=True, storePickle=False).parts) == 4
        assert {Path(file).suffix for file in sample["files"]} == {".mid", ".png", ".wav", ".musicxml", ".abc"}
        assert all(Path(file).stat().st_size > 500 for file in sample["files"])


def test_the_same_seed_gives_the_same_files(run_cli, run, tmp_path):
    for folder, count in (("a", 2), ("b", 1)):
        run_cli("sample", run, "-o", tmp_path / folder, "-n", count, "--seed", 5, "--set", "bars=2")
    name = "midi-5-1.mid"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "a" / "midi-5-2.mid").read_bytes()


def test_a_prompt_is_continued(run_cli, run, pieces, tmp_path):
    primer = pieces / "piece-00.mid"
    code, *_ = run_cli("sample", run, "-o", tmp_path, "-n", 1, "--prompt", primer, "--set", "bars=6")
    domain = load_domain("midi")()
    (given,), (made,) = list(domain.read(primer)), list(domain.read(tmp_path / "midi-0-1.mid"))
    assert code == 0
    assert (
        domain.encode(made).ids[: len(domain.encode(given).ids) - 1].tolist() == domain.encode(given).ids[:-1].tolist()
    )
    assert len(made.grid) > len(given.grid)
    before = (tmp_path / "midi-0-1.mid").read_bytes()
    code, _, error = run_cli("sample", run, "-o", tmp_path, "-n", 1, "--prompt", tmp_path / "midi-0-1.mid")
    assert (code, "written over" in error) == (2, True)
    assert (tmp_path / "midi-0-1.mid").read_bytes() == before


def test_filters_and_beams_reach_the_engine(run_cli, run, tmp_path):
    bars = ["--set", "bars=2", "--json"]
    filters = ["--min-p", "0.1", "--repetition-penalty", "1.2", "--no-repeat", "2"]
    made = {}
    for number, drawing in enumerate([[], *(filters[place : place + 2] for place in range(0, 6, 2))]):
        code, out, _ = run_cli("sample", run, "-o", tmp_path / str(number), "-n", 1, *drawing, *bars)
        assert code == 0
        made[number] = Path(json.loads(out)["samples"][0]["files"][0]).read_bytes()
    assert len(set(made.values())) == len(made)
    code, out, _ = run_cli("sample", run, "-o", tmp_path, "-n", 2, "--beams", 3, "--length-penalty", "0.1", *bars)
    best, second = json.loads(out)["samples"]
    assert code == 0
    assert best["score"] >= second["score"]
    assert best["log_probability"] < best["score"] < 0
    assert Path(best["files"][0]).name == "midi-beam-1.mid"


@pytest.fixture(scope="module")
def trained(run):
    """One model for the commands and the calls below, so that all is compiled once."""
    return seqgen.load(run)


def test_tokens_that_are_given_are_drawn_around(trained, tmp_path):
    grammar = trained.domain.grammar(trained.domain.Constraints(bars=2, time_signature="4/4"))
    melody = grammar.walk(np.random.default_rng(3))[1:]
    melody[np.arange(len(melody)) % 4 != 0] = -1
    given = melody != -1
    samples = trained.fill(melody, 2, particles=8, constraints={"time_signature": "4/4"}, seed=1)
    for sample in samples:
        assert trained.domain.grammar().accepts(sample.ids)
        assert sample.ids[1:][: len(melody)][given].tolist() == melody[given].tolist()
        assert sample.log_evidence < 0
        assert all(file.stat().st_size for file in trained.write(sample, tmp_path))
    assert samples[0].ids.tolist() != samples[1].ids.tolist()
    with pytest.raises(seqgen.UsageError, match="give what follows"):
        trained.fill(melody, prompt=tmp_path / "midi-filled-1-1.mid", constraints={"harmonise": "S"})


def test_where_places_are_not_known_an_automaton_says_what_is_given(trained, monkeypatch):
    domain = trained.domain
    narrow = domain.grammar(domain.Constraints(bars=1, time_signature="4/4", key="Gmaj"))
    start = seqgen.Prompt(np.array([0], np.int32), domain.grammar(), narrow)
    monkeypatch.setattr(domain, "prompt", lambda item, wishes: start)
    (sample,) = trained.sample(1, particles=2, seed=4)
    assert narrow.accepts(sample.ids)
    assert sample.log_evidence < 0
    assert sample.label == "filled-4-1"


def test_a_melody_in_a_file_is_harmonised_note_for_note(run_cli, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, **options: trained)
    tune = pretty_midi.PrettyMIDI(initial_tempo=80)
    tune.instruments.append(pretty_midi.Instrument(0))
    pitches = [72, 74, 76, 77, 76, 74, 71, 72]
    tune.instruments[0].notes = [
        pretty_midi.Note(90, pitch, 0.75 * place, 0.75 * place + 0.75) for place, pitch in enumerate(pitches)
    ]
    tune.write(str(tmp_path / "tune.mid"))
    asked = ["--prompt", tmp_path / "tune.mid", "--set", "harmonise=S", "--set", "key=Cmaj"]
    code, out, _ = run_cli("sample", "run", "-o", tmp_path, "-n", 2, "--particles", 8, *asked, "--json")
    assert code == 0
    told = json.loads(out)["samples"]
    assert all(one["log_evidence"] < 0 and one["ended"] for one in told)
    for one in told:
        read = music21.converter.parse(one["files"][0], forceSource=True, storePickle=False)
        soprano, *others = read.parts
        assert [len(track.notes) > 0 for track in pretty_midi.PrettyMIDI(one["files"][0]).instruments] == [True] * 4
        sung = [note for note in soprano.flatten().notes if not (note.tie and note.tie.type != "start")]
        assert [note.pitch.midi for note in sung] == pitches
        assert [float(note.offset) for note in soprano.flatten().notes][:4] == [0, 1, 2, 3]
        assert {pitch.pitchClass for part in others for pitch in part.pitches} <= {0, 2, 4, 5, 7, 9, 11}
    for wrong, sentence in ((["--temperature", "0.9"], "leave out temperature"), (["--beams", "2"], "A beam search")):
        code, _, error = run_cli("sample", "run", "-o", tmp_path, *asked, *wrong)
        assert code == 2
        assert sentence in error


def test_a_sample_can_be_written_without_its_prompt(run_cli, trained, pieces, tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, **options: trained)
    asked = ["-n", 1, "--prompt", pieces / "piece-00.mid", "--set", "prompt_bars=1", "--set", "bars=4"]
    for folder, how in (("with", []), ("without", ["--without-prompt"])):
        assert run_cli("sample", "run", "-o", tmp_path / folder, *asked, *how)[0] == 0
    domain = load_domain("midi")()
    whole, rest = (next(domain.read(tmp_path / folder / "midi-0-1.mid")) for folder in ("with", "without"))
    assert len(whole.grid) - len(rest.grid) == whole.pickup + whole.bar
    starts = [[(pitch >= 0) for pitch in column] for column in rest.grid[1:]]
    assert starts == [[(pitch >= 0) for pitch in column] for column in whole.grid[whole.pickup + whole.bar + 1 :]]


def test_score_finds_the_surprise_and_draws_it(run_cli, run, pieces, tmp_path):
    code, out, _ = run_cli("score", run, pieces / "piece-01.mid", "--json")
    (scored,) = json.loads(out)["scores"]
    assert code == 0
    assert scored["perplexity"] == pytest.approx(np.exp(scored["nats_per_token"]))
    nats = [surprise["nats"] for surprise in scored["surprises"]]
    assert nats == sorted(nats, reverse=True)
    assert nats[0] > scored["nats_per_token"]
    out = run_cli("score", run, pieces / "piece-01.mid", "-o", tmp_path / "out")[1]
    assert "nats a note" in out
    assert f"drawn in {tmp_path / 'out' / 'piece-01-1.png'}" in out
    assert (tmp_path / "out" / "piece-01-1.png").read_bytes().startswith(b"\x89PNG")


def test_a_corpus_is_scored_as_a_whole_and_evaluate_agrees(run_cli, run):
    code, out, _ = run_cli("score", run, run / "corpus", "--json")
    (scored,) = json.loads(out)["scores"]
    evaluated = json.loads(run_cli("evaluate", run, "--json")[1])
    assert code == 0
    assert scored["nats_per_token"] == pytest.approx(evaluated["nats"], rel=1e-4)
    assert (scored["documents"], scored["tokens"]) == (evaluated["documents"], evaluated["tokens"])


def test_score_with_dynamic_evaluation_and_a_cache(run_cli, run, pieces, monkeypatch):
    piece, trained = pieces / "piece-01.mid", seqgen.load(run)
    # One model for the command and for the calls below, so that all is compiled once.
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, **options: trained)
    code, out, _ = run_cli("score", run, piece, "--dynamic", "--cache", 64, "--json")
    (scored,) = json.loads(out)["scores"]
    settings = {"dynamic": seqgen.DynamicEvaluation(), "cache": seqgen.NeuralCache(64)}
    (score,) = trained.score(piece, **settings)
    (plain,) = trained.score(piece)
    assert code == 0
    assert scored["nats_per_token"] == pytest.approx(score.nats_per_token)
    assert score.nats_per_token != plain.nats_per_token
    probabilities = trained.probabilities(score.ids, **settings)
    of_ids = probabilities[np.arange(len(score.ids) - 1), score.ids[1:]]
    np.testing.assert_allclose(score.nats[1:], -np.log(of_ids), atol=1e-4)
    with pytest.raises(seqgen.UsageError, match=r"position 1 .*\.$"):
        trained.probabilities([0, 0])


def test_what_goes_on_inside_a_model_is_named_by_token_and_gate(run):
    trained = seqgen.load(run)
    ids = trained.domain.grammar().walk(np.random.default_rng(0))[:20]
    inside = trained.inside(ids)
    assert inside.tokens == tuple(trained.domain.vocabulary[id] for id in ids)
    assert set(inside.gates) == {"input_gate", "forget_gate", "output_gate"}
    assert {one.shape for one in (inside.hidden_states, inside.cell_states, *inside.gates.values())} == {(20, 1, 64)}
    norms = trained.gradient_norms(ids, furthest=8)
    assert norms.shape == (9, 1)
    assert (norms > 0).all()
    with pytest.raises(seqgen.UsageError, match=r"position 1 .*\.$"):
        trained.inside([0, 0])
    with pytest.raises(seqgen.UsageError, match=r"two ids .*\.$"):
        trained.gradient_norms([0])
    with pytest.raises(seqgen.InvalidValue, match="furthest"):
        trained.gradient_norms(ids, furthest=0)


def test_evaluate_stands_beside_its_baselines(run_cli, run):
    code, out, _ = run_cli("evaluate", run, "--json")
    told = json.loads(out)
    assert code == 0
    assert set(told["baselines"]) == {"unigram", "bigram"}
    assert 0 < told["nats"] < 10
    assert told["metrics"]["polyphony, samples"] > 0
    assert set(told["bits"]) == {"second", "quarter"}
    assert all(copy["source"].startswith("piece-") for copy in told["copies"] if copy["length"])


def test_resume_goes_on_and_needs_no_sources(run_cli, pieces, tmp_path):
    first = run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "run", *STEPS)
    again = run_cli("train", "-o", tmp_path / "run", "--resume", "--steps", 16)
    assert (first[0], again[0]) == (0, 0)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 16
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    code, _, err = run_cli("train", "-o", tmp_path / "run", "--resume", "--set", "streams=8")
    assert (code, "began with streams=4" in err) == (2, True)


def test_a_run_begins_with_the_weights_of_another(run_cli, run, pieces, tmp_path):
    new = tmp_path / "new"
    arguments = [pieces, "--domain", "midi", "-o", new, "--from", run, *STEPS[2:], "--set", "learning_rate=1e-9"]
    code, _, err = run_cli("train", *arguments)
    assert code == 0, err
    before, after = (seqgen.load(folder).model.numpy() for folder in (run, new))
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-6)
    assert "did not begin with" in run_cli("train", "-o", new, "--resume", "--from", pieces)[2]


def test_a_resumed_run_knows_its_settings_however_they_are_written(run_cli, pieces, tmp_path):
    first = ["--set", "dropout=0", "--set", "learning_rate=3e-3", "--set", "grammar_state=false", "--set", "tempo=090"]
    assert run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "a", *STEPS, *first)[0] == 0
    (tmp_path / "a").rename(tmp_path / "moved")
    again = run_cli("train", pieces, "--domain", "midi", "-o", tmp_path / "moved", "--resume", *STEPS, *first)
    assert again[0] == 0, again[2]
    assert run_cli("evaluate", tmp_path / "moved", "--json")[0] == 0


def test_training_on_a_terminal_shows_a_live_line_and_stops_with_1_on_ctrl_c(pieces, tmp_path):
    command = [
        sys.executable,
        "-m",
        "seqgen.cli",
        "train",
        str(pieces),
        "--domain",
        "midi",
        "-o",
        str(tmp_path / "run"),
    ]
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*command, "--size", "tiny", "--minutes", "5"], stdout=subprocess.DEVNULL, stderr=follower, close_fds=True
    )
    os.close(follower)
    shown = b""
    while b"tokens/s" not in shown:
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


def test_training_goes_on_with_the_corpus_that_was_interrupted(pieces, tmp_path):
    told = []

    def train_until(last):
        def progress(done, total, what):
            told.append(done)
            if done == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            seqgen.train([pieces], tmp_path / "run", domain="midi", steps=1, build_progress=progress)

    train_until(5)
    train_until(8)
    assert told == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("domain.json", lambda value: {**value, "name": 5}),
        ("domain.json", lambda value: {**value, "settings": 5}),
        ("domain.json", lambda value: {**value, "settings": {"colour": 1}}),
        ("domain.json", lambda value: {**value, "vocabulary": "abc"}),
        ("domain.json", lambda value: [value]),
        ("config.json", lambda value: {**value, "grammar": "another"}),
        ("config.json", lambda value: {**value, "model": {**value["model"], "width": 72}}),
        ("config.json", lambda value: {**value, "model": {**value["model"], "width": 1e999}}),
        ("config.json", lambda value: {**value, "format": 99}),
    ],
)
def test_a_damaged_bundle_is_one_sentence(run_cli, run, tmp_path, file, change):
    shutil.copytree(run / "bundle", tmp_path / "bundle")
    path = tmp_path / "bundle" / file
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    code, _, err = run_cli("sample", tmp_path / "bundle", "-o", tmp_path / "out")
    assert str(tmp_path / "bundle") in one_sentence(err)
    assert code == 1


def test_a_damaged_run_is_one_sentence(run_cli, run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    for text in ("{}", "[" * 100_000, '{"corpus": 5}', "\x00"):
        (tmp_path / "run" / "settings.json").write_text(text)
        code, _, err = run_cli("train", "-o", tmp_path / "run", "--resume")
        assert "settings.json is damaged" in one_sentence(err)
        assert code == 1


def test_domains_corpora_and_doctor_tell_what_there_is(run_cli):
    assert "midi:" in run_cli("domains")[1]
    described = json.loads(run_cli("domains", "midi", "--json")[1])
    assert {"bars", "key", "range"} <= set(described["constraints"])
    assert "bars" in run_cli("domains", "midi")[1]
    assert "bach-chorales" in run_cli("corpora")[1]
    assert "licence" in run_cli("corpora", "bach-chorales")[1]
    told = json.loads(run_cli("doctor", "--json")[1])
    assert told["packages"]["tensorflow"] != "missing"
    assert any(device.startswith("CPU") for device in told["devices"])
    assert "plugins:" in run_cli("doctor")[1]


def one_sentence(err: str) -> str:
    lines = [line for line in err.splitlines() if not line.startswith("read ")]
    assert len(lines) == 1, err
    assert lines[0].startswith("seqgen: ")
    assert lines[0].endswith(".")
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["train", "{tmp}/empty", "--domain", "midi", "-o", "{out}"], 1, "no files"),
        (["build", "{tmp}/empty", "--domain", "midi", "-o", "{out}"], 1, "no files"),
        (["build", "bach-chorales", "-o", "{out}", "--valid", "{tmp}"], 2, "says how it is split"),
        (["train", "{run}/corpus", "-o", "{out}", "--valid", "{tmp}"], 2, "is split already"),
        (["train", "{tmp}/broken", "--domain", "midi", "-o", "{out}"], 1, "None of the files can be used"),
        (["train", "{tmp}/lonely", "--domain", "midi", "-o", "{out}"], 1, "too small to split"),
        (["train", "{tmp}/nowhere", "-o", "{out}"], 2, "bach-chorales"),
        (["train", "bach-choral", "-o", "{out}"], 2, "did you mean 'bach-chorales'?"),
        (["train", "{pieces}", "--domain", "mid", "-o", "{out}"], 2, "did you mean 'midi'?"),
        (["train", "{pieces}", "-o", "{out}"], 2, "--domain"),
        (["train", "-o", "{out}"], 2, "nothing to train on"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--set", "widht=3"], 2, "did you mean 'width'?"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--set", "width=no"], 2, "width"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--set", "tempo=0"], 2, "tempo"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--size", "huge"], 2, "medium"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--steps", "5", "--minutes", "1"], 2, "twice"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{run}", "--size", "small"], 2, "width=64"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{run}", "--set", "layers=2"], 2, "layers"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{run}", "--size", "huge"], 2, "medium"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{out}", "--from", "{tmp}/empty"], 1, "seqgen train"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{run}"], 1, "--resume"),
        (["train", "{pieces}", "--domain", "midi", "-o", "{pieces}"], 1, "not an empty folder"),
        (["sample", "{run}", "-o", "{out}", "--set", "bras=4"], 2, "did you mean 'bars'?"),
        (["sample", "{run}", "-o", "{out}", "--set", "bars"], 2, "key=value"),
        (["sample", "{run}", "-o", "{out}", "--set", "key=Hmaj"], 2, "key"),
        (["sample", "{run}", "-o", "{out}", "--set", "key=Cmaj", "--set", "range=S:61-61"], 1, "soprano"),
        (["sample", "{run}", "-o", "{out}", "--prompt", "{pieces}/piece-00.mid", "--set", "bars=2"], 2, "bars"),
        (["sample", "{run}", "-o", "{out}", "--prompt", "{pieces}/photo.mid"], 1, "photo.mid"),
        (["sample", "{run}", "-o", "{out}", "--prompt", "{tmp}/nowhere.mid"], 1, "nowhere.mid"),
        (["sample", "{run}", "-o", "{out}", "--temperature", "-1"], 2, "temperature"),
        (["sample", "{run}", "-o", "{out}", "--guidance", "-1"], 2, "guidance"),
        (["sample", "{run}", "-o", "{out}", "--guidance", "2"], 2, "leave the guidance at 1"),
        (["sample", "{run}", "-o", "{out}", "--min-p", "2"], 2, "min-p"),
        (["sample", "{run}", "-o", "{out}", "--repetition-penalty", "0"], 2, "repetition penalty"),
        (["sample", "{run}", "-o", "{out}", "--no-repeat", "-2"], 2, "no-repeat"),
        (["sample", "{run}", "-o", "{out}", "--beams", "8", "--top-p", "0.9"], 2, "leave out --top-p"),
        (["sample", "{run}", "-o", "{out}", "--beams", "2", "-n", "3"], 2, "3 sequences cannot come from 2 beams"),
        (["sample", "{run}", "-o", "{out}", "--length-penalty", "1"], 2, "--beams"),
        (["sample", "{tmp}/empty", "-o", "{out}"], 1, "seqgen train"),
        (["score", "{run}", "{pieces}/photo.mid"], 1, "photo.mid"),
        (["score", "{run}", "{pieces}/piece-00.mid", "--cache", "0"], 2, "the cache"),
        (["evaluate", "{tmp}/empty"], 1, "no run"),
        (["corpora", "bach"], 2, "bach-chorales"),
        (["domains", "midy"], 2, "did you mean 'midi'?"),
    ],
    ids=lambda value: " ".join(value[:2] + value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_trouble_is_one_sentence_and_leaves_nothing_behind(run_cli, run, pieces, tmp_path, arguments, code, said):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.mid").write_bytes(b"MThd\x00\x00")
    (tmp_path / "lonely").mkdir()
    (tmp_path / "lonely" / "a.mid").write_bytes((pieces / "piece-03.mid").read_bytes())
    before = sorted(path.name for path in tmp_path.iterdir())
    places = {"tmp": tmp_path, "out": tmp_path / "out", "run": run, "pieces": pieces}
    got, _, err = run_cli(*(argument.format(**places) for argument in arguments))
    assert said.lower() in one_sentence(err).lower()
    assert got == code
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_call_that_click_refuses_exits_with_2(run_cli):
    assert run_cli("sample")[0] == 2
    assert run_cli("dance")[0] == 2


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(run, tmp_path):
    """A cap on the size of files makes every larger write fail as a full disk does."""
    done = subprocess.run(
        [sys.executable, "-m", "seqgen.cli", "sample", str(run), "-o", str(tmp_path / "out"), "--set", "bars=2"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert done.returncode == 1
    assert "cannot be written" in one_sentence(done.stderr)
    left = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".wav" or path.name.startswith(".")]
    assert left == []


def test_a_broken_plugin_is_named_in_one_line_and_breaks_nothing(tmp_path, run, pieces):
    (tmp_path / "broken-1.0.dist-info").mkdir()
    (tmp_path / "broken-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (tmp_path / "broken-1.0.dist-info" / "entry_points.txt").write_text("[seqgen]\nbroken = broken_module\n")
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('no luck today')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}

    def seqgen_command(*arguments):
        command = [sys.executable, "-m", "seqgen.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    told = seqgen_command("domains")
    assert told.returncode == 0
    (line,) = (line for line in told.stdout.splitlines() if line.startswith("broken"))
    assert "no luck today" in line
    assert "broken 1.0" in line
    assert "midi:" in told.stdout
    assert "broken" not in seqgen_command("--no-plugins", "domains").stdout
    assert seqgen_command("score", run, pieces / "piece-00.mid").returncode == 0


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['seqgen', '--help']\n"
        "from seqgen.cli import main\n"
        "main()\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'music21', 'seqgen_midi', 'pydantic', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sample" in done.stdout


def test_debug_shows_the_traceback(run_cli, tmp_path):
    assert "Traceback" in run_cli("--debug", "evaluate", tmp_path)[2]

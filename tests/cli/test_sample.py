"""seqgen sample: files that other programs read, and options that reach the engine."""

from __future__ import annotations

import json
import resource
import shutil
from pathlib import Path

import mido
import music21
import pretty_midi
import pytest
from commands import error_sentence
from seqgen_midi.music.meters import bar_lines

from seqgen.contract.discovery import load_domain
from seqgen.files import UNFINISHED
from seqgen.files.stored_files import with_checksum, without_checksum


def test_the_whole_path_gives_files_that_other_programs_read(run_cli, run, tmp_path):
    code, out, _ = run_cli("sample", run, "-o", tmp_path, "-n", 2, "--set", "bars=3", "--set", "key=Gmaj", "--json")
    assert code == 0
    for sample in json.loads(out)["samples"]:
        assert sample["ended"]
        midi = next(file for file in sample["files"] if file.endswith(".mid"))
        assert len(pretty_midi.PrettyMIDI(midi).instruments) == 4
        assert mido.MidiFile(midi).length > 0
        assert len(music21.converter.parse(midi, forceSource=True, storePickle=False).parts) == 4
        assert {Path(file).suffix for file in sample["files"]} == {".mid", ".png", ".wav", ".musicxml", ".abc", ".svg"}
        assert all(Path(file).stat().st_size > 500 for file in sample["files"])


def test_what_a_killed_sample_left_is_removed_by_the_next(run_cli, run, loaded, tmp_path):
    (tmp_path / f"{UNFINISHED}0123.wav").write_bytes(b"RIFF")
    assert run_cli("sample", run, "-o", tmp_path, "-n", 1, "--set", "bars=1")[0] == 0
    assert not list(tmp_path.glob(f"{UNFINISHED}*"))


def test_the_same_seed_gives_the_same_files(run_cli, run, loaded, tmp_path):
    for folder, count in (("a", 2), ("b", 1)):
        run_cli("sample", run, "-o", tmp_path / folder, "-n", count, "--seed", 5, "--set", "bars=2")
    name = "midi-5-1.mid"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "a" / "midi-5-2.mid").read_bytes()


def test_a_prompt_is_continued(run_cli, run, loaded, pieces, tmp_path):
    primer = pieces / "piece-00.mid"
    code, *_ = run_cli("sample", run, "-o", tmp_path, "-n", 1, "--prompt", primer, "--set", "bars=6")
    domain = load_domain("midi")()
    (given,), (made,) = list(domain.read(primer)), list(domain.read(tmp_path / "midi-0-1.mid"))
    assert code == 0
    assert (
        domain.encode(made).ids[: len(domain.encode(given).ids) - 1].tolist() == domain.encode(given).ids[:-1].tolist()
    )
    assert made.end > given.end
    before = (tmp_path / "midi-0-1.mid").read_bytes()
    code, _, error = run_cli("sample", run, "-o", tmp_path, "-n", 1, "--prompt", tmp_path / "midi-0-1.mid")
    assert (code, "written over" in error) == (2, True)
    assert (tmp_path / "midi-0-1.mid").read_bytes() == before


def test_the_precision_reaches_the_model_and_its_page(run_cli, run, trained, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("seqgen.workflows.load.load", lambda path, precision: asked.append(precision) or trained)
    for options in ([], ["--precision", "bfloat16"]):
        code, *_ = run_cli("sample", run, "-o", tmp_path, "-n", 1, "--set", "bars=1", "--overwrite", *options)
        assert code == 0
    assert asked == ["float32", "bfloat16"]
    assert "bfloat16" in next(tmp_path.glob("*.html")).read_text()


def test_filters_and_beams_reach_the_engine(run_cli, run, loaded, tmp_path):
    bars = ["--set", "bars=2", "--json"]
    filters = [
        "--min-p",
        "0.1",
        "--repetition-penalty",
        "1.2",
        "--no-repeat-ngram-size",
        "2",
        "--filter",
        "typical=0.3",
    ]
    made = {}
    for number, drawing in enumerate([[], *(filters[place : place + 2] for place in range(0, len(filters), 2))]):
        code, out, _ = run_cli("sample", run, "-o", tmp_path / str(number), "-n", 1, *drawing, *bars)
        assert code == 0
        made[number] = Path(json.loads(out)["samples"][0]["files"][0]).read_bytes()
    assert len(set(made.values())) == len(made)
    code, out, _ = run_cli("sample", run, "-o", tmp_path, "-n", 2, "--num-beams", 3, "--length-penalty", "0.1", *bars)
    best, second = json.loads(out)["samples"]
    assert code == 0
    assert best["score"] >= second["score"]
    assert best["log_probability"] < best["score"] < 0
    assert Path(best["files"][0]).name == "midi-beam-1.mid"


def test_a_melody_in_a_file_is_harmonised_note_for_note(run_cli, loaded, tmp_path):
    tune = pretty_midi.PrettyMIDI(initial_tempo=80)
    tune.instruments.append(pretty_midi.Instrument(0))
    pitches = [72, 74, 76, 77, 76, 74, 71, 72]
    tune.instruments[0].notes = [
        pretty_midi.Note(90, pitch, 0.75 * place, 0.75 * place + 0.75) for place, pitch in enumerate(pitches)
    ]
    tune.write(str(tmp_path / "tune.mid"))
    asked = ["--prompt", tmp_path / "tune.mid", "--set", "harmonise=S", "--set", "key=Cmaj"]
    code, out, _ = run_cli("sample", "run", "-o", tmp_path, "-n", 2, "--num-particles", 8, *asked, "--json")
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
    refused = ((["--temperature", "0.9"], "leave out temperature"), (["--num-beams", "2"], "A beam search"))
    for wrong, sentence in refused:
        code, _, error = run_cli("sample", "run", "-o", tmp_path, *asked, *wrong)
        assert code == 2
        assert sentence in error


def test_a_sample_can_be_written_without_its_prompt(run_cli, loaded, pieces, tmp_path):
    asked = ["-n", 1, "--prompt", pieces / "piece-00.mid", "--set", "prompt_bars=1", "--set", "bars=4"]
    for folder, how in (("with", []), ("without", ["--without-prompt"])):
        assert run_cli("sample", "run", "-o", tmp_path / folder, *asked, *how)[0] == 0
    domain = load_domain("midi")()
    whole, rest = (next(domain.read(tmp_path / folder / "midi-0-1.mid")) for folder in ("with", "without"))
    without = whole.end - rest.end
    assert without in bar_lines(whole)
    after, before = rest.start > 0, whole.start > without
    assert (rest.start[after] + without).tolist() == whole.start[before].tolist()
    assert rest.pitch[after].tolist() == whole.pitch[before].tolist()


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("domain.json", lambda value: {**value, "name": 5}),
        ("domain.json", lambda value: {**value, "settings": 5}),
        ("domain.json", lambda value: {**value, "settings": {"colour": 1}}),
        ("domain.json", lambda value: {**value, "vocabulary": "abc"}),
        ("domain.json", lambda value: [value]),
        ("grammar.json", lambda value: {"class_examples": [[0, 0, 77]]}),
        ("config.json", lambda value: {**value, "model": {**value["model"], "hidden_size": 72}}),
        ("config.json", lambda value: {**value, "model": {**value["model"], "hidden_size": 1e999}}),
        ("config.json", lambda value: {**value, "format": 99}),
    ],
)
def test_a_damaged_bundle_is_one_sentence(run_cli, run, tmp_path, file, change):
    shutil.copytree(run / "bundle", tmp_path / "bundle")
    path = tmp_path / "bundle" / file
    changed = change(without_checksum(json.loads(path.read_text())))
    path.write_text(json.dumps(with_checksum(changed) if isinstance(changed, dict) else changed))
    code, _, err = run_cli("sample", tmp_path / "bundle", "-o", tmp_path / "out")
    assert str(tmp_path / "bundle") in error_sentence(err)
    assert code == 1


@pytest.fixture
def small_files():
    """Makes writing more than 100 kB to a file fail, as a full disk does."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_one_sentence_and_leaves_nothing_half_written(run_cli, run, loaded, small_files, tmp_path):
    code, _, err = run_cli("sample", run, "-o", tmp_path / "out", "-n", 1, "--set", "bars=2")
    assert code == 1
    assert "cannot be written" in error_sentence(err)
    left = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".wav" or path.name.startswith(".")]
    assert left == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
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
        (["sample", "{run}", "-o", "{out}", "--filter", "tipical=1"], 2, "did you mean 'typical'?"),
        (["sample", "{run}", "-o", "{out}", "--filter", "typical=2"], 2, "between 0 and 1"),
        (["sample", "{run}", "-o", "{out}", "--num-beams", "2", "--filter", "typical=1"], 2, "leave out --filter."),
        (["sample", "{run}", "-o", "{out}", "--repetition-penalty", "0"], 2, "repetition penalty"),
        (["sample", "{run}", "-o", "{out}", "--no-repeat-ngram-size", "-2"], 2, "no_repeat_ngram_size"),
        (["sample", "{run}", "-o", "{out}", "--num-beams", "8", "--top-p", "0.9"], 2, "leave out --top-p"),
        (["sample", "{run}", "-o", "{out}", "--num-beams", "2", "-n", "3"], 2, "3 sequences cannot come from 2 beams"),
        (["sample", "{run}", "-o", "{out}", "--length-penalty", "1"], 2, "--num-beams"),
        (["sample", "{tmp}/empty", "-o", "{out}"], 1, "seqgen train"),
    ],
    ids=lambda value: " ".join(value[:2] + value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_trouble_is_one_sentence_and_leaves_nothing_behind(check_refusal, arguments, code, sentence):
    check_refusal(arguments, code, sentence)


def test_a_plugin_that_cannot_show_a_sample_does_not_lose_the_page(run_cli, run, loaded, tmp_path, monkeypatch):
    def html(self, item, prompt_item=None):
        return {}["e9"]

    monkeypatch.setattr("seqgen.contract.plugins._reported", set())
    monkeypatch.setattr("seqgen_midi.display.midi_display.MidiDisplay.html", html)
    code, out, err = run_cli("sample", run, "-o", tmp_path / "out", "-n", "1", "--set", "bars=1")
    assert code == 0
    assert "The plugin 'midi' of seqgen-framework" in err
    assert "fails in display.html: KeyError: 'e9'; please report this bug of seqgen." in err
    assert "midi-0-1.mid" in (tmp_path / "out" / "midi-0.html").read_text()
    assert "midi-0-1.mid" in out

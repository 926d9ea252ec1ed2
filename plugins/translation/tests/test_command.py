"""A tiny model by the command: pairs in, translations out."""

from __future__ import annotations

import io
import json
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest

import seqgen

(COMMAND,) = entry_points(group="console_scripts", name="seqgen")
"""The command as it is installed."""
WORDS = {"hund": "dog", "katze": "cat", "rot": "red", "blau": "blue", "mann": "man", "frau": "woman"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Returns the folder of a model that was trained for some steps on pairs of words."""
    folder = tmp_path_factory.mktemp("translation")
    rng = np.random.default_rng(0)
    for name, count in (("train", 200), ("valid", 20), ("test", 20)):
        sources = [" ".join(rng.choice(list(WORDS), rng.integers(1, 5))) for _ in range(count)]
        targets = [" ".join(WORDS[word] for word in source.split()) for source in sources]
        for ending, lines in (("de", sources), ("en", targets)):
            (folder / f"{name}.{ending}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    settings = {"source_language": "de", "target_language": "en", "vocabulary_size": 300, "num_evaluations": 1,
                "attention_size": 16, "feed_forward_size": 0, "bptt_length": 16, "num_beams": 2}  # fmt: skip
    held_out = {name: [folder / f"{name}.de"] for name in ("valid", "test")}
    seqgen.train(
        [folder / "train.de"], folder / "run", domain="translation", size="tiny", steps=6, settings=settings, **held_out
    )
    return folder / "run"


@pytest.fixture
def call(monkeypatch, capsys):
    """Returns a function that calls seqgen and returns what it prints."""

    def do(*arguments, stdin=""):
        monkeypatch.setattr(sys, "argv", ["seqgen", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            COMMAND.load()()
        printed = capsys.readouterr()
        assert not ended.value.code, printed.err
        return printed.out

    return do


def test_a_line_in_is_a_line_out_from_a_file_and_from_standard_input(call, run, tmp_path):
    lines = "hund rot\n\nkatze\nmann frau hund\n"
    (tmp_path / "some.txt").write_text(lines, encoding="utf-8")
    from_file = call("predict", run, tmp_path / "some.txt")
    assert from_file == call("predict", run, "-", stdin=lines)
    assert len(from_file.split("\n")) == 5
    assert from_file.split("\n")[1] == ""


def test_many_sentences_are_translated_as_each_alone(call, run, tmp_path):
    sources = ["hund", "rot blau katze", "frau"]
    together = call("predict", run, *(part for text in sources for part in ("--text", text)))
    assert together == "".join(call("predict", run, "--text", text) for text in sources)


def test_an_explanation_is_written_as_a_table_and_a_picture(call, run, tmp_path):
    printed = json.loads(call("predict", run, "--text", "hund rot", "--explain", "--json", "-o", tmp_path / "out"))
    assert [path.split(".")[-1] for path in printed["files"]] == ["tsv", "png"]
    table = (tmp_path / "out" / "translation-1.tsv").read_text(encoding="utf-8")
    assert table == f"source\ttarget\nhund rot\t{printed['translation']}\n"
    weights = np.array(printed["alignment"]["weights"]).reshape(len(printed["alignment"]["target"]), 2)
    assert (weights >= 0).all()
    assert (weights.sum(1) <= 1.001).all()


def test_evaluate_prints_bleu_and_chrf_beside_simple_translators(call, run):
    answers = json.loads(call("evaluate", run, "--json"))["answers"]
    assert {name.split("|")[0] for name in answers} >= {"BLEU", "chrF2", "BLEU, word by word", "chrF2, copied source"}
    assert answers["BLEU, word by word"] > 50


def test_samples_are_translations_of_what_is_given(run, tmp_path):
    trained = seqgen.load(run)
    with pytest.raises(seqgen.UsageError, match="--prompt"):
        trained.sample(1)
    samples = trained.sample(2, prompt="hund rot", max_new_tokens=20)
    assert [sample.item.source for sample in samples] == ["hund rot"] * 2
    assert all(sample.item.target is not None for sample in samples)


def test_evaluate_samples_translations_of_held_out_sentences(call, run):
    report = json.loads(call("evaluate", run, "--json"))
    assert report["metrics"]["target words a source word, held out"] == 1
    assert len(report["copies"]) == 16


def test_the_model_is_trained_with_the_settings_that_the_domain_recommends(run):
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    assert settings["model"]["attention_window"] == 64
    assert settings["model"]["hidden_size"] == 64, "--size tiny"

"""A small model of labelled texts that starts from a model of unlabelled ones: it predicts, explains and generates."""

from __future__ import annotations

import io
import json
import os
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from commands import exit_code
from labelled_texts import WORDS, rows, table
from seqgen_sentiment.domain import SentimentDomain
from seqgen_text.domain import TextDomain

import seqgen
from seqgen import Learned
from seqgen.corpus.storage.records import Records
from seqgen.corpus.storage.store import Corpus
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings
from seqgen.workflows import evaluate as evaluation
from seqgen.workflows import fine_tuning
from seqgen.workflows import load as loading
from seqgen.workflows import train as project

MODEL = ModelSettings(hidden_size=48, num_layers=1, attention_window=6, attention_size=16)
ENGINE = {"batch_size": 8, "bptt_length": 32, "num_evaluations": 2, "learning_rate": 0.02, "label_weight": 3}


@pytest.fixture(scope="module")
def unlabelled():
    """Returns a model of texts without labels, as `load` returns it."""
    domain = TextDomain(TextDomain.Settings(tokenizer="word", document="line"))
    domain = TextDomain(domain.settings, domain.learn(text for text, _ in rows(60, seed=1)).vocabulary)
    return SimpleNamespace(domain=domain, model=Model.new(MODEL, domain.grammar(), 1))


@pytest.fixture(scope="module")
def run(unlabelled, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sentiment")
    (folder / "rows.tsv").write_text(table(300) + "the film is never seen\tpos\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fine_tuning, "load", lambda path: unlabelled)
        seqgen.train(
            [folder / "rows.tsv"], folder / "run", domain="sentiment", steps=300, settings=ENGINE, init_from="it"
        )
    return folder / "run"


@pytest.fixture(scope="module")
def trained(run):
    return seqgen.load(run)


@pytest.fixture
def call(monkeypatch, capsys, trained):
    """Returns a function that calls seqgen with the trained model, and returns the exit code and what is printed.

    If the exit code is not 0, that is standard error.
    """

    def do(*arguments):
        for module in (loading, project):
            monkeypatch.setattr(module, "load", lambda path: trained)
        code = exit_code(monkeypatch, *arguments)
        out, err = capsys.readouterr()
        return code, err if code else out

    return do


def test_a_model_that_starts_from_unlabelled_texts_keeps_their_words(unlabelled, trained):
    names, before = trained.domain.vocabulary.names, unlabelled.domain.vocabulary.names
    assert names[: len(before)] == before
    assert names[len(before) :] == ("<unlabelled>", "<end>", "label:neg", "label:pos")


def test_a_model_with_another_tokenizer_cannot_be_started_from(unlabelled):
    domain = SentimentDomain(SentimentDomain.Settings.from_mapping({"base.tokenizer": "byte"}))
    with pytest.raises(seqgen.UsageError, match="another kind of 'text'; give the settings base"):
        domain.learning.extend(Learned(unlabelled.domain.vocabulary), [[label, text] for text, label in rows(4)])


def test_predict_gives_each_line_its_label(call, run, trained, tmp_path):
    texts = rows(1100, seed=5)
    (tmp_path / "lines.txt").write_text("\n".join(text for text, _ in texts))
    answers = [answer.values for answer in trained.predict(tmp_path / "lines.txt")]
    assert np.mean([answer["label"] == label for answer, (_, label) in zip(answers, texts, strict=True)]) > 0.9
    for answer in answers[:50]:
        assert sum(answer["probabilities"].values()) == pytest.approx(1)
        assert answer["probability"] == max(answer["probabilities"].values())
        assert answer["probabilities"][answer["label"]] == answer["probability"]
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(json.dumps({"text": text}) for text, _ in texts[:3]))
    code, out = call("predict", run, few, "--json")
    printed = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [one["label"] for one in printed] == [answer["label"] for answer in answers[:3]]
    assert [one["probability"] for one in printed] == pytest.approx([one["probability"] for one in answers[:3]], 1e-3)
    code, out = call("predict", run, "--text", "the film is lovely")
    assert (code, out.split("\t")[0]) == (0, "pos")
    assert call("predict", run) == (2, "seqgen: There is nothing to predict for; name files, or give a --text.\n")
    code, out = call("predict", run, "lines.tvs")
    assert (code, out) == (1, "seqgen: lines.tvs is not a file; name one that exists.\n")


def test_each_answer_says_which_row_it_is_about(call, run, tmp_path):
    (tmp_path / "some.csv").write_text("id,text\nx7,the film is lovely\nx8,\nx9,the story is bad\n")
    code, out = call("predict", run, tmp_path / "some.csv")
    answers = [line.split("\t") for line in out.splitlines()]
    assert [[label, *place] for label, _, *place in answers] == [
        ["pos", "row 1", "id x7", "the film is lovely"],
        ["neg", "row 3", "id x9", "the story is bad"],
    ]
    assert code == 0
    _, out = call("predict", run, tmp_path / "some.csv", tmp_path / "some.csv")
    assert out.count(f"\t{tmp_path / 'some.csv'}\trow 3") == 2


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "{pipe}"])
def test_each_line_of_a_stream_is_answered(call, run, tmp_path, monkeypatch, name):
    lines = b"the film is lovely\n\nthe film is \xe9\nthe film is bad\n"
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(lines), daemon=True)
    writer.start()
    code, out = call("predict", run, name.format(pipe=tmp_path / "pipe"), "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(one["row"], one["text"], one["label"]) for one in answers] == [
        (1, "the film is lovely", "pos"),
        (4, "the film is bad", "neg"),
    ]


def test_a_text_that_is_the_name_of_a_file_is_a_text(trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lovely").write_text("the film is bad")
    assert trained.predict_text("lovely").values["label"] == "pos"
    with pytest.raises(seqgen.UnusableFile, match="is not a file"):
        next(trained.predict("bad"))


def test_the_oracle_agrees_with_reading_one_document_at_a_time(trained):
    documents = [
        trained.domain.encode(item).ids for item in map(trained.domain.prompting.from_text, WORDS["pos"] + ["a" * 90])
    ]
    nats = trained.oracle.score(documents)
    found = trained.oracle.log_probabilities([ids[:-2] for ids in documents], range(len(trained.domain.vocabulary)))
    for ids, of_ids, row in zip(documents, nats, found, strict=True):
        probabilities = trained.probabilities(ids)
        np.testing.assert_allclose(np.exp(row), probabilities[len(ids) - 3], atol=1e-5)
        np.testing.assert_allclose(np.exp(-of_ids[1:]), probabilities[np.arange(len(ids) - 1), ids[1:]], rtol=1e-3)
        assert of_ids[0] == 0


def test_the_calibration_is_stored_in_the_bundle(run, trained):
    corpus = Corpus.open(run / "corpus")
    train, held_out = (Records(trained.domain, corpus.documents(split)) for split in ("train", "valid"))
    found = trained.domain.prediction.calibration
    assert found == trained.domain.prediction.calibrate(train, held_out, trained.oracle)
    assert found == seqgen.load(run).domain.prediction.calibration
    assert found.temperature != 1
    assert 0 < found.shares["naive Bayes"] < 1
    texts = {label: [record.item.content for record in train if record.item.label == label] for label in WORDS}
    counts = found.feature_counts
    assert counts.documents == {label: len(texts[label]) for label in WORDS}
    assert counts.document_frequencies["pos"]["lovely"] == sum("lovely" in text for text in texts["pos"])
    assert "lovely" not in counts.document_frequencies["neg"]


def test_an_answer_combines_both_experts(trained, monkeypatch):
    prediction = trained.domain.prediction
    records = [seqgen.Record(trained.domain.prompting.from_text(text)) for text, _ in rows(20, seed=9)]
    found = trained.domain.prediction.calibration

    def answers(share):
        monkeypatch.setattr(prediction, "calibration", found.model_copy(update={"shares": {"naive Bayes": share}}))
        return [answer.values["probabilities"]["pos"] for answer in prediction.predict(records, trained.oracle)]

    share = found.shares["naive Bayes"]
    logits = [np.log(p) - np.log1p(-np.array(p)) for p in map(np.array, map(answers, (0.0, share, 1.0)))]
    np.testing.assert_allclose(logits[1], (1 - share) * logits[0] + share * logits[2], rtol=1e-6)
    assert not np.allclose(logits[0], logits[2], atol=0.1)


def test_counts_of_other_labels_are_refused(trained, monkeypatch):
    prediction = trained.domain.prediction
    counts = {"documents": {"a": 1}, "document_frequencies": {"a": {}}}
    other = prediction.Calibration(shares={"naive Bayes": 0.5}, feature_counts=counts)
    monkeypatch.setattr(prediction, "calibration", other)
    with pytest.raises(seqgen.BundleError, match="other labels than its own"):
        next(prediction.predict([seqgen.Record(trained.domain.prompting.from_text("a film"))], trained.oracle))
    for shares in ({"naive Bayes": 0.6, "regression on statistics": 0.6}, {"naive Bayes": -0.1}):
        with pytest.raises(seqgen.InvalidValue, match="shares"):
            prediction.Calibration.from_mapping({"shares": shares}, "calibration")
    with pytest.raises(seqgen.InvalidValue, match="of different labels"):
        prediction.Calibration.from_mapping({"feature_counts": {"documents": {"a": 1}}}, "calibration")


def test_an_explanation_finds_the_decisive_word(call, run):
    found = []
    for label, words in WORDS.items():
        texts = [option for word in words for option in ("--text", f"the film is {word} and a story")]
        code, out = call("predict", run, *texts, "--explain", "--json")
        assert code == 0
        explained = [json.loads(line)["tokens"] for line in out.splitlines()]
        for word, tokens in zip(words, explained, strict=True):
            assert [one["token"] for one in tokens] == ["the", " film", " is", f" {word}", " and", " a", " story"]
        weights = np.array([[one["weight"] for one in tokens] for tokens in explained])
        found += [label] if weights.mean(0).argmax() == 3 else []
    assert found, "one label may be what is said of a text in which nothing tells; leaving a word out changes nothing"
    code, out = call("predict", run, "--text", f"the film is {WORDS[found[0]][0]}", "--explain")
    assert code == 0
    assert out.splitlines()[1].endswith(WORDS[found[0]][0])


def test_an_explanation_has_the_attention_before_the_label(call, run, trained):
    content = trained.domain.prompting.from_text("the film is lovely and a story of their dog")
    code, out = call("predict", run, "--text", content.content, "--explain", "--json")
    attention = np.array([one["attention"] for one in json.loads(out)["tokens"]])
    ids = trained.domain.encode(content).ids[:-2]
    by_distance = trained.activations(ids).attention[-1, 0]
    # The label comes after <end>, which is 0 tokens back; the last word of the content is 1 token back.
    np.testing.assert_allclose(attention[::-1][:6], by_distance[1:], atol=1e-6)
    assert code == 0
    assert attention[:-6].tolist() == [0, 0, 0, 0]
    whole = trained.oracle.attention([ids, ids[:3]])
    assert [len(shares) for shares in whole] == [len(ids), 3]
    assert [shares.sum() for shares in whole] == pytest.approx([1, 1])
    assert f"attention {attention[3]:.2f} lovely" in call("predict", run, "--text", content.content, "--explain")[1]


def test_evaluate_reports_answers_beside_baselines(call, run, monkeypatch):
    code, out = call("evaluate", run, "--json")
    evaluated = json.loads(out)
    answers = evaluated["answers"]
    assert code == 0
    assert answers["accuracy"] > 0.9
    assert answers["accuracy, logistic regression"] > 0.9
    assert answers["accuracy, naive Bayes alone"] > 0.9
    assert 0.5 < answers["accuracy, network alone"] <= 1
    assert 0.2 < answers["accuracy, majority class"] < 0.8
    assert answers["label accuracy of samples, by logistic regression"] > 0.7
    assert answers["label accuracy of samples without guidance, by logistic regression"] > 0.6
    right = sum(answers["confusion"][label].get(label, 0) for label in answers["confusion"])
    assert right / sum(sum(row.values()) for row in answers["confusion"].values()) == pytest.approx(answers["accuracy"])
    monkeypatch.setattr(evaluation, "evaluate", lambda *_, on_part, **__: on_part(evaluated))
    code, out = call("evaluate", run)
    assert code == 0
    assert f"{answers['macro-F1']:.3f}" in out
    assert out.index("confusion") < out.rindex("neg") < out.rindex("pos")


def test_samples_with_a_label_are_guided_by_default(trained):
    def drawn(**options):
        return [sample.ids.tolist() for sample in trained.sample(8, seed=3, max_new_tokens=20, **options)]

    labelled = {"constraints": {"label": "pos"}}
    assert drawn(**labelled) == drawn(**labelled, guidance=2) != drawn(**labelled, guidance=1)
    assert drawn() == drawn(guidance=1)
    assert (
        "".join(trained.stream(3, **labelled, max_new_tokens=20))
        == trained.sample(8, seed=0, max_new_tokens=20, **labelled)[3].item.content
    )


def test_trouble_is_one_sentence(call, run, tmp_path):
    (tmp_path / "a.txt").write_bytes("un café".encode("latin-1"))
    code, err = call("predict", run, tmp_path / "a.txt")
    sentence = "not UTF-8 (byte 0xE9 at offset 6; encoding=… names another, such as cp1252)"
    assert (code, sentence in err, err.count("\n")) == (1, True, 1)

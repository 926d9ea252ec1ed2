"""Evaluation from Python: what a report contains, and where copied passages come from."""

from __future__ import annotations

import math

import numpy as np
import pytest

import seqgen
from seqgen import CorpusError, UsageError
from seqgen.corpus.storage.records import Records, held_out_split
from seqgen.corpus.storage.store import Corpus
from seqgen.workflows.evaluate import (
    MAX_COMPARED_DOCUMENTS,
    MAX_COMPARED_TOKENS,
    NUM_SAMPLES,
    compared_count,
    copied_passages,
    evaluation_report,
    new_samples,
)
from seqgen.workflows.file_records import PromptItem


@pytest.fixture(scope="module")
def corpus(run):
    return Corpus.open(run / "corpus")


@pytest.fixture(scope="module")
def report(trained, corpus):
    return evaluation_report(trained, corpus)


def test_likelihood_is_that_of_each_held_out_document(trained, corpus, report):
    documents = corpus.documents(report["split"])
    nats = sum(float(score.nats.sum()) for score in trained.score(corpus.path) if len(score.ids))
    assert report["documents"] == len(documents)
    assert report["nats"] * report["tokens"] == pytest.approx(nats, rel=1e-4)
    assert report["perplexity"] == pytest.approx(math.exp(report["nats"]))


def test_bits_are_for_the_units_of_the_domain(trained, corpus, report):
    documents = corpus.documents(report["split"])
    seconds = sum(
        trained.domain.metrics.sizes(trained.domain.decode(documents[number][0]))["second"]
        for number in range(len(documents))
    )
    assert report["bits"]["second"] == pytest.approx(report["nats"] * report["tokens"] / math.log(2) / seconds)


def test_a_passage_of_the_training_data_is_found_with_its_source(trained, corpus):
    train = corpus.documents("train")
    sample = train[0][0]
    (copy,), _ = copied_passages(trained.domain, corpus, [sample])
    assert copy.document == 0
    assert copy.sample_span[1] - copy.sample_span[0] >= len(sample) - 3


def test_a_corpus_of_another_vocabulary_is_refused(trained, tmp_path):
    (tmp_path / "a.txt").write_text("some text\n\nmore of it\n\nand more\n")
    corpus = seqgen.build([tmp_path / "a.txt"], tmp_path / "c", domain="text", settings={"document": "paragraph"})
    with pytest.raises(CorpusError, match="another vocabulary"):
        evaluation_report(trained, corpus)


def test_the_report_is_a_pure_function_of_the_seed(trained, corpus, report):
    again = evaluation_report(trained, corpus)
    assert again["metrics"].keys() == report["metrics"].keys()
    np.testing.assert_allclose(list(again["metrics"].values()), list(report["metrics"].values()))
    assert again["copies"] == report["copies"]


def test_what_was_computed_before_an_error_is_known(trained, corpus, report, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    known: dict = {}
    monkeypatch.setattr(trained.domain.metrics, "compare", fail)
    with pytest.raises(ZeroDivisionError):
        evaluation_report(trained, corpus, on_part=known.update)
    assert known == {name: value for name, value in report.items() if name not in ("metrics", "answers")}


def test_a_part_that_the_plugin_cannot_give_is_reported_and_left_out(trained, corpus, report, monkeypatch, capsys):
    def compare(self, held_out, samples):
        return {"notes": "many"}

    monkeypatch.setattr("seqgen.contract.plugins._reported", set())
    monkeypatch.setattr("seqgen_midi.metrics.midi_metrics.MidiMetrics.compare", compare)
    partial = evaluation_report(trained, corpus)
    assert report.keys() - partial.keys() == {"metrics"}
    assert partial["nats"] == report["nats"]
    assert "returns a dict from metrics.compare, and dict[str, float] was expected" in capsys.readouterr().err


def test_samples_of_a_domain_that_needs_a_prompt_continue_held_out_documents(trained, corpus, monkeypatch):
    monkeypatch.setattr(trained.domain.prompting, "needs_prompt", True)
    with pytest.raises(UsageError, match="continues something that is given; name it by --prompt"):
        trained.sample(1)
    _, documents = held_out_split(trained.domain, corpus)
    held_out = Records(trained.domain, documents)

    def first_bar(record):
        return trained.domain.decode(trained.domain.encode(record.item).ids[:40])

    monkeypatch.setattr(trained.domain.prompting, "given_part", first_bar)
    samples = new_samples(trained, held_out, seed=0)
    assert len(samples) == min(NUM_SAMPLES, len(documents))
    for sample, record in zip(samples, held_out, strict=False):
        start = trained.prepare(prompt=PromptItem(first_bar(record)))
        assert sample.ids[: len(start.ids)].tolist() == start.ids.tolist()
        assert len(start.ids) > 10


def test_the_documents_that_are_compared_have_a_bounded_number_of_tokens():
    assert compared_count(np.full(10, 3)) == 10
    assert compared_count(np.full(3 * MAX_COMPARED_DOCUMENTS, 3)) == MAX_COMPARED_DOCUMENTS
    assert compared_count(np.full(100, MAX_COMPARED_TOKENS // 3)) == 3
    assert compared_count(np.full(100, 2 * MAX_COMPARED_TOKENS)) == 1

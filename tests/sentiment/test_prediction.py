"""Answers about records, without a trained model or with an untrained one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from engine import toys
from labelled_texts import ITEM, learned, rows
from seqgen_sentiment import logistic_regression, prediction
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.prediction import evenly_spaced, group_numbers, training_records

import seqgen
from seqgen.engine.scoring.introspection import Introspector
from seqgen.workflows.model_oracle import ModelOracle


def test_a_model_without_attention_is_explained_by_leave_one_out_alone():
    domain, model = learned(), toys.model(learned().grammar(), attention_window=0, hidden_size=8)
    oracle = ModelOracle(model, None, Introspector(model), None)
    (answer,) = domain.prediction.explain([seqgen.Record(domain.prompting.from_text("the film is fine"))], oracle)
    assert [one["attention"] for one in answer.values["tokens"]] == [None] * 4
    assert "attention" not in answer.text
    assert oracle.attention([np.array([0])]) is None


def test_records_come_from_everywhere():
    for length, most in ((10, 3), (10, 10), (9, 10), (0, 5), (11, 10)):
        found = evenly_spaced(range(length), most)
        assert length - max([length, *found][-1:]) <= max(1, length / most)
        assert length == 0 or 0 < len(found) <= most
        assert len(found) >= min(length, most) / 2


def test_training_records_are_of_a_bounded_number_and_size(monkeypatch):
    records = [seqgen.Record(LabelledItem("x" * 50, "pos")) for _ in range(1000)]
    assert training_records(records, lambda item: 50) == records
    monkeypatch.setattr(prediction, "MAX_TRAINING_SIZE", 5000)
    assert 50 <= len(training_records(records, lambda item: len(item.content))) <= 100
    monkeypatch.setattr(prediction, "MAX_TRAINING_RECORDS", 20)
    assert 10 <= len(training_records(records, lambda item: len(item.content))) <= 20
    assert training_records([], len) == []


def test_an_answer_has_the_metadata_of_its_record_and_ignores_its_label():
    uniform = SimpleNamespace(log_probabilities=lambda prefixes, tokens: np.zeros((len(prefixes), len(tokens))))
    texts = [(text, label) for text, label in rows(3)]
    records = [
        seqgen.Record(LabelledItem(text, label), {"row": n, "id": f"x{n}"}) for n, (text, label) in enumerate(texts)
    ]
    answers = [answer.values for answer in learned().prediction.predict(records, uniform)]
    assert [(answer["row"], answer["id"]) for answer in answers] == [(0, "x0"), (1, "x1"), (2, "x2")]
    assert all(answer["probabilities"] == {"neg": 0.5, "pos": 0.5} for answer in answers)


def test_a_baseline_that_would_take_too_much_is_left_out_with_a_warning(monkeypatch):
    texts = rows(20)
    domain = learned()
    uniform = SimpleNamespace(log_probabilities=lambda prefixes, tokens: np.zeros((len(prefixes), len(tokens))))
    records = [seqgen.Record(LabelledItem(text, label)) for text, label in texts]
    monkeypatch.setattr(logistic_regression, "MAX_SCORES", 19)
    with pytest.warns(seqgen.SeqgenWarning, match="20 documents with 2 labels"):
        found = domain.prediction.evaluate_answers(records, records, uniform)
    assert found["accuracy"] == 0.5
    assert not [name for name in found if "logistic" in name]


def test_spans_are_judged_apart_from_documents():
    domain = learned(span_files="*")
    span = domain.layout.span

    def log_probabilities(prefixes, tokens):
        """A model that finds every document positive and every span negative."""
        return np.array([[0.0, -9.0] if prefix[1] == span else [-9.0, 0.0] for prefix in prefixes])

    def generate(prompt, count, *, max_new_tokens, seed, guidance):
        return [domain.encode(ITEM).ids] * count

    oracle = SimpleNamespace(log_probabilities=log_probabilities, generate=generate)
    documents = [seqgen.Record(LabelledItem(text, label)) for text, label in rows(40)]
    spans = [seqgen.Record(LabelledItem(text, "neg", is_span=True)) for text, _ in rows(10, seed=1)]
    found = domain.prediction.evaluate_answers(documents + spans, documents + spans, oracle)
    assert found["accuracy"] == found["accuracy, majority class"] == 0.5
    assert found["accuracy, spans"] == 1
    assert "accuracy, spans" not in domain.prediction.evaluate_answers(documents, documents, oracle)
    # Shares and temperature are fitted to documents alone: half of the answers are wrong there.
    calibration = domain.prediction.calibrate(documents, documents + spans, oracle)
    assert calibration == domain.prediction.calibrate(documents, documents, oracle)


def test_groups_are_numbered_and_a_record_without_one_is_a_group_of_its_own():
    groups = ("Ann", None, "Bob", "Ann", None)
    records = [seqgen.Record("", {} if group is None else {"group": group}) for group in groups]
    numbers = group_numbers(records)
    assert numbers[0] == numbers[3]
    assert len(set(numbers.tolist())) == 4

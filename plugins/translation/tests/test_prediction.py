"""Answers about sentences, by an oracle whose translations are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
from seqgen_translation.sentence_pair import SentencePair
from some_pairs import PAIRS

from seqgen import Record
from seqgen.contract.oracle import Hypothesis

RECORDS = [Record(SentencePair(source)) for source, _ in PAIRS]
ANSWERS = dict(PAIRS)


class Dictionary:
    """An oracle that knows PAIRS by heart, and a shorter translation of each that it takes for more probable."""

    def __init__(self, domain, has_attention=True):
        self.domain = domain
        self.has_attention = has_attention
        self.limits = []

    def search(self, prompts, *, max_new_tokens, num_beams=5, length_penalty=0.6, count=1, early_stopping=False):
        self.limits.append(max_new_tokens)
        found = []
        for prompt in prompts:
            source = self.domain.decode(prompt.ids).source
            long = self.domain.encode(SentencePair(source, ANSWERS[source])).ids
            short = self.domain.encode(SentencePair(source, ANSWERS[source].split()[0])).ids
            ranked = [Hypothesis(long, -8.0, -8.0), Hypothesis(short, -6.0, -9.0)]
            found.append(ranked[:count])
        return found

    def attention_maps(self, documents):
        return [np.eye(len(ids), dtype=np.float32) for ids in documents] if self.has_attention else None


def test_translations_come_in_the_order_of_the_sentences(domain):
    answers = list(domain.prediction.predict(RECORDS, Dictionary(domain)))
    assert [answer.text for answer in answers] == [target for _, target in PAIRS]
    assert [answer.item for answer in answers] == [SentencePair(*pair) for pair in PAIRS]
    assert answers[0].values["translation"] == "a dog runs"
    json.dumps(answers[0].values)


def test_a_target_in_the_record_is_not_looked_at(domain):
    given = [Record(SentencePair(source, "something else")) for source, _ in PAIRS]
    answers = domain.prediction.predict(given, Dictionary(domain))
    assert [answer.text for answer in answers] == [target for _, target in PAIRS]


def test_an_empty_sentence_has_an_empty_translation_in_its_place(domain):
    records = [Record(SentencePair("")), RECORDS[0], Record(SentencePair(""))]
    assert [answer.text for answer in domain.prediction.predict(records, Dictionary(domain))] == ["", "a dog runs", ""]
    assert [answer.text.split("\n")[0] for answer in domain.prediction.explain(records, Dictionary(domain))] == [
        "",
        "a dog runs",
        "",
    ]


def test_an_explanation_has_a_source_word_for_each_word(domain):
    (answer,) = domain.prediction.explain(RECORDS[:1], Dictionary(domain))
    lines = answer.text.split("\n")
    assert lines[0] == "a dog runs"
    assert [line.split()[0] for line in lines[1:]] == ["a", "dog", "runs"]
    assert all(line.split()[1] == "←" for line in lines[1:])
    assert answer.values["alignment"]["source"] == ("ein", "hund", "läuft")
    assert answer.item.alignment is not None
    json.dumps(answer.values)


def test_a_model_without_attention_explains_nothing(domain):
    (answer,) = domain.prediction.explain(RECORDS[:1], Dictionary(domain, has_attention=False))
    assert answer.text == "a dog runs"
    assert "alignment" not in answer.values


def test_a_longer_sentence_may_have_a_longer_translation(domain):
    oracle = Dictionary(domain)
    ANSWERS["hund " * 40 + "hund"] = "dog"
    list(domain.prediction.predict([RECORDS[0], Record(SentencePair("hund " * 40 + "hund"))], oracle))
    assert len(oracle.limits) == 2
    assert oracle.limits[0] < oracle.limits[1]


def test_the_length_penalty_is_the_one_with_the_best_bleu_on_held_out_pairs(domain):
    held_out = [Record(SentencePair(*pair)) for pair in PAIRS]
    found = domain.prediction.calibrate([], held_out, Dictionary(domain))
    assert found.length_penalty > 0, "without a penalty the short translations win"
    assert domain.prediction.calibrate([], [], Dictionary(domain)) == domain.prediction.calibration


def test_evaluation_is_of_held_out_pairs(domain):
    records = [Record(SentencePair(*pair)) for pair in PAIRS]
    report = domain.prediction.evaluate_answers(records, records, Dictionary(domain))
    assert next(value for name, value in report.items() if name.startswith("BLEU|")) == pytest.approx(100)
    assert domain.prediction.evaluate_answers(records, [], Dictionary(domain)) == {}

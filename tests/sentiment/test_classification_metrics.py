"""Measures of answers and naive Bayes against scikit-learn's, and the mixture against what data was made with."""

from __future__ import annotations

import json

import numpy as np
import pytest
from labelled_texts import rows
from seqgen_sentiment import classification_metrics, naive_bayes
from seqgen_sentiment.calibration import fit_calibration, product_of_experts
from seqgen_sentiment.features import words_of_text
from seqgen_sentiment.logistic_regression import LogisticRegressionBaseline
from seqgen_sentiment.naive_bayes import FeatureCounts

from seqgen import InvalidValue


def test_measures_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    rng = np.random.default_rng(0)
    truth, answers = rng.choice(4, 200, p=[0.7, 0.2, 0.05, 0.05]), rng.integers(0, 4, 200)
    assert classification_metrics.accuracy(answers, truth) == pytest.approx(accuracy_score(truth, answers))
    assert classification_metrics.macro_f1(answers, truth) == pytest.approx(f1_score(truth, answers, average="macro"))
    table, names = classification_metrics.confusion(answers, truth, "abcd"), "abcd"
    matrix = [[table.get(true, {}).get(answer, 0) for answer in names] for true in names]
    assert matrix == confusion_matrix(truth, answers).tolist()


def test_calibration_error_is_what_a_calculation_by_hand_gives():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [1.0, 0.0]])
    # Bins of 1/15: two answers of 0.9, one of them right; one of 0.65, right; one of 1, wrong.
    assert classification_metrics.calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx(
        (0.8 + 0.35 + 1) / 4
    )


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


@pytest.mark.parametrize(
    ("temperature", "share", "louder"),
    [(0.5, 0.2, 1), (1.0, 0.7, 1), (3.0, 0.5, 1), (1.0, 0.02, 50), (2.0, 0.99, 0.01)],
)
def test_how_opinions_were_mixed_is_found_again(temperature, share, louder):
    rng = np.random.default_rng(0)
    network, words = rng.normal(0, 4, (2, 20_000, 3))
    words *= louder
    chances = np.exp(log_softmax(((1 - share) * network + share * words) / temperature))
    labels = (rng.random((len(chances), 1)) > chances.cumsum(1)).sum(1)
    np.testing.assert_allclose(product_of_experts(network, words, temperature, share), chances)
    assert fit_calibration(network, words, labels) == pytest.approx((temperature, share), rel=0.05)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_without_words_the_temperature_is_found_again(temperature):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 4, (20_000, 3))
    chances = np.exp(log_softmax(scores / temperature))
    labels = (rng.random((len(scores), 1)) > chances.cumsum(1)).sum(1)
    assert fit_calibration(scores, None, labels) == (pytest.approx(temperature, rel=0.05), 0)


def test_of_one_answer_little_is_concluded():
    network = np.array([[3.0, 0, 0]])
    temperature, share = fit_calibration(network, -network, np.array([0]))
    assert 0.5 < temperature < 1.5
    assert 0.1 < share < 0.5


def test_word_counts_are_naive_bayes_as_scikit_learn_has_it():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    texts, labels = zip(*rows(60), strict=True)
    contents, names = [words_of_text(text) for text in texts], ("neg", "pos")
    counts = FeatureCounts.of(zip(contents[:40], labels[:40], strict=True), names)
    features = CountVectorizer(binary=True, ngram_range=(1, 2), token_pattern=r"\w+")
    theirs = MultinomialNB(alpha=1).fit(features.fit_transform(texts[:40]), labels[:40])
    expected = theirs.predict_log_proba(features.transform(texts[40:]))
    np.testing.assert_allclose(log_softmax(counts.classifier.log_scores(contents[40:])), expected)
    assert FeatureCounts.from_mapping(json.loads(counts.model_dump_json())) == counts


def test_the_commonest_features_are_kept(monkeypatch):
    monkeypatch.setattr(naive_bayes, "MAX_COUNTS", 5)
    contents = [(["d", "a", "b"], "x"), (["b"], "y"), (["a"], "x"), (["b", "c"], "y"), (["c", "d"], "x")]
    counts = FeatureCounts.of(contents, ["x", "y", "z"])
    assert counts.documents == {"x": 3, "y": 2, "z": 0}
    # Of those that two documents have, the first by name: their counts fill what room there is.
    assert counts.document_frequencies == {"x": {"b": 1, "a": 2, "c": 1}, "y": {"b": 2, "c": 1}, "z": {}}
    assert counts.classifier.log_scores([]).shape == (0, 3)


@pytest.mark.parametrize("wrong", [-1, 2**31 + 1, 10**400])
def test_counts_that_no_corpus_has_are_refused(wrong):
    with pytest.raises(InvalidValue, match="documents"):
        FeatureCounts.from_mapping({"documents": {"a": wrong}, "document_frequencies": {"a": {}}})


def test_a_bag_of_words_knows_pairs():
    texts = ["not good", "good", "bad", "not bad"] * 5
    judge = LogisticRegressionBaseline([text.split() for text in texts], np.array([0, 1, 0, 1] * 5))
    assert judge.predict([["not", "bad"], ["not", "good"]]).tolist() == [1, 0]

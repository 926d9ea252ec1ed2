"""The regression on n-grams is that of scikit-learn on TF-IDF, and its weights are limited and checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from labelled_texts import rows
from scipy.sparse import hstack
from scipy.special import log_softmax
from seqgen_sentiment import ngram_regression
from seqgen_sentiment.features import character_ngrams, unigrams_and_bigrams
from seqgen_sentiment.ngram_regression import INVERSE_REGULARISATION, NgramRegression

from seqgen import InvalidValue


def contents(count: int) -> tuple[list[list[str]], np.ndarray]:
    """Returns the words of texts, and their labels int[n]."""
    texts, labels = zip(*rows(count), strict=True)
    return [text.split() for text in texts], np.array([("neg", "pos").index(label) for label in labels])


def test_scores_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    words, labels = contents(120)
    weights = np.where(np.arange(90) < 60, 1.0, 0.3)
    found = NgramRegression.fit(words[:90], labels[:90], weights, ("neg", "pos"))
    vectorizers = [
        TfidfVectorizer(analyzer=unigrams_and_bigrams, binary=True, min_df=2),
        TfidfVectorizer(analyzer=character_ngrams, binary=True, min_df=3),
    ]
    train = hstack([one.fit_transform(words[:90]) for one in vectorizers])
    held_out = hstack([one.transform(words[90:]) for one in vectorizers])
    theirs = LogisticRegression(C=INVERSE_REGULARISATION, solver="liblinear").fit(
        train, labels[:90], sample_weight=weights
    )
    scores = log_softmax(found.log_scores(words[90:]), axis=1)
    np.testing.assert_allclose(scores, theirs.predict_log_proba(held_out), atol=1e-3)
    assert (scores.argmax(1) == labels[90:]).mean() > 0.9
    again = NgramRegression.from_mapping(json.loads(found.model_dump_json()))
    assert again == found
    np.testing.assert_array_equal(again.log_scores(words[90:]), found.log_scores(words[90:]))


def test_an_unknown_word_is_known_by_its_stem():
    words = [["a", "wonderful", "film"], ["a", "terrible", "film"]] * 5
    found = NgramRegression.fit(words, np.array([1, 0] * 5), np.ones(10), ("neg", "pos"))
    scores = found.log_scores([["wonderfully"], ["terribly"], ["xyz"], []])
    assert scores.argmax(1)[:2].tolist() == [1, 0]
    np.testing.assert_allclose(scores[2:], [list(found.intercepts.values())] * 2)
    assert found.log_scores([]).shape == (0, 2)


def test_a_weight_counts_like_copies():
    words, labels = contents(60)
    some = np.arange(60) < 20
    weighted = NgramRegression.fit(words, labels, np.where(some, 2.0, 1e-9), ("neg", "pos"))
    few = NgramRegression.fit(words, labels, np.where(some, 2.0, 0.0), ("neg", "pos"))
    np.testing.assert_allclose(weighted.log_scores(words), few.log_scores(words), atol=1e-2)


def test_more_than_two_labels_and_one_without_a_text():
    words = [["red"], ["green"], ["blue"]] * 4
    labels = np.array([0, 1, 3] * 4)
    found = NgramRegression.fit(words, labels, np.ones(12), ("red", "green", "none", "blue"))
    scores = found.log_scores(words)
    assert scores.argmax(1).tolist() == labels.tolist()
    assert (scores[:, 2] < scores.max(1)).all()


def test_the_most_frequent_features_are_kept(monkeypatch):
    monkeypatch.setattr(ngram_regression, "MAX_FEATURES", 2)
    words = [["b", "a"], ["a", "c"], ["b", "c"], ["a"]] * 3
    found = NgramRegression.fit(words, np.array([0, 1] * 6), np.ones(12), ("x", "y"))
    assert set(found.words.weights) == {"a", "b"}
    assert len(found.characters.weights) == 2


def test_a_large_corpus_is_thinned_out(monkeypatch):
    words, labels = contents(60)
    read = []

    def analyze(words):
        read.append(words)
        return unigrams_and_bigrams(words)

    monkeypatch.setattr(ngram_regression, "unigrams_and_bigrams", analyze)
    monkeypatch.setattr(ngram_regression, "MAX_WORDS", sum(map(len, words)) // 3)
    NgramRegression.fit(words, labels, np.ones(60), ("neg", "pos"))
    assert 15 <= len(read) <= 20
    monkeypatch.setattr(ngram_regression, "MAX_WORDS", 1)
    read.clear()
    NgramRegression.fit(words, labels, np.ones(60), ("neg", "pos"))
    assert len(read) == 60, "a part with one label teaches nothing"


def test_one_label_and_too_many_cannot_be_learned():
    assert NgramRegression.can_learn(10, np.array([0, 1]))
    assert not NgramRegression.can_learn(10, np.array([1, 1]))
    assert not NgramRegression.can_learn(100_000, np.arange(5000))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"words": {"weights": {"a": [1.0]}}}, "different features"),
        (
            {"words": {"inverse_document_frequencies": {"a": 1.0}, "weights": {"a": [1.0]}}},
            "one weight a label",
        ),
        ({"words": {"inverse_document_frequencies": {"a": 0.0}, "weights": {"a": []}}}, "words"),
    ],
)
def test_impossible_weights_are_refused(wrong, reason):
    with pytest.raises(InvalidValue, match=reason):
        NgramRegression.from_mapping(wrong)

"""The baseline uses bigrams, and its memory and its time are limited."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_sentiment import logistic_regression
from seqgen_sentiment.logistic_regression import LogisticRegressionBaseline


def test_bigrams_are_features():
    texts = ["not good", "good", "bad", "not bad"] * 5
    baseline = LogisticRegressionBaseline([text.split() for text in texts], np.array([0, 1, 0, 1] * 5))
    assert baseline.predict([["not", "bad"], ["not", "good"]]).tolist() == [1, 0]


def test_the_most_frequent_features_are_kept(monkeypatch):
    monkeypatch.setattr(logistic_regression, "MAX_WEIGHTS", 6)
    texts = ["a x", "b", "c", "a y", "b", "c z"] * 5
    baseline = LogisticRegressionBaseline([text.split() for text in texts], np.array([0, 1, 2] * 10))
    assert baseline._model.coef_.size == 6
    assert LogisticRegressionBaseline([["a", "b"], ["c"]] * 5, np.array([0, 1] * 5))._model.coef_.size == 4


@pytest.mark.parametrize(
    ("contents", "labels", "can_learn"),
    [(100_000, 2, True), (10_000, 77, True), (27_000, 3000, False), (2000, 3000, True), (1000, 5000, False)],
)
def test_many_labels_and_documents_are_too_much(contents, labels, can_learn):
    assert LogisticRegressionBaseline.can_learn(contents, labels) == can_learn

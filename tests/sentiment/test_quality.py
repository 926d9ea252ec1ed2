"""Measures of answers against scikit-learn's, and the temperature against what data was made with."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_sentiment import quality
from seqgen_sentiment.bag_of_words import BagOfWords
from seqgen_sentiment.judging import best_temperature, log_softmax


def test_measures_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    rng = np.random.default_rng(0)
    truth, answers = rng.choice(4, 200, p=[0.7, 0.2, 0.05, 0.05]), rng.integers(0, 4, 200)
    assert quality.accuracy(answers, truth) == pytest.approx(accuracy_score(truth, answers))
    assert quality.macro_f1(answers, truth) == pytest.approx(f1_score(truth, answers, average="macro"))
    table, names = quality.confusion(answers, truth, "abcd"), "abcd"
    matrix = [[table.get(true, {}).get(answer, 0) for answer in names] for true in names]
    assert matrix == confusion_matrix(truth, answers).tolist()


def test_calibration_error_is_what_a_calculation_by_hand_gives():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [1.0, 0.0]])
    # Bins of 1/15: two answers of 0.9, one of them right; one of 0.65, right; one of 1, wrong.
    assert quality.calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx((0.8 + 0.35 + 1) / 4)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_found_again(temperature):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 4, (20_000, 3))
    chances = np.exp(log_softmax(scores / temperature))
    labels = (rng.random((len(scores), 1)) > chances.cumsum(1)).sum(1)
    assert best_temperature(scores, labels) == pytest.approx(temperature, rel=0.05)
    assert 0.5 < best_temperature(scores[:1], scores[:1].argmax(1)) < 2


def test_a_bag_of_words_knows_pairs():
    texts = ["not good", "good", "bad", "not bad"] * 5
    judge = BagOfWords([text.split() for text in texts], np.array([0, 1, 0, 1] * 5))
    assert judge.judge([["not", "bad"], ["not", "good"]]).tolist() == [1, 0]

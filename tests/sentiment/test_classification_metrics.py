"""Accuracy, F1, calibration error and confusion beside scikit-learn and a calculation by hand."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_sentiment import classification_metrics as metrics


def test_metrics_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    rng = np.random.default_rng(0)
    labels, predicted = rng.choice(4, 200, p=[0.7, 0.2, 0.05, 0.05]), rng.integers(0, 4, 200)
    assert metrics.accuracy(predicted, labels) == pytest.approx(accuracy_score(labels, predicted))
    assert metrics.macro_f1(predicted, labels) == pytest.approx(f1_score(labels, predicted, average="macro"))
    table, names = metrics.confusion(predicted, labels, "abcd"), "abcd"
    matrix = [[table.get(true, {}).get(answer, 0) for answer in names] for true in names]
    assert matrix == confusion_matrix(labels, predicted).tolist()


def test_calibration_error_is_what_a_calculation_by_hand_gives():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [1.0, 0.0]])
    # Bins of 1/15: two answers of 0.9, one of them right; one of 0.65, right; one of 1, wrong.
    assert metrics.calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx((0.8 + 0.35 + 1) / 4)

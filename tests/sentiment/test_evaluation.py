"""Metrics of a classifier beside its baselines, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from seqgen_sentiment import evaluation
from seqgen_sentiment.evaluation import (
    LabelledWords,
    calibration_error,
    evaluate_classifier,
    evaluate_spans,
    generate_by_label,
)

TRAIN = LabelledWords([["a"], ["a"], ["b"]], np.array([0, 0, 1]))
HELD_OUT = LabelledWords([["a"], ["b"]], np.array([0, 1]))
PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2]])


def test_baselines_are_beside_the_classifier():
    baseline = SimpleNamespace(predict=lambda contents: np.array([0, 1]))
    scores = {"network": np.array([[1.0, 2.0], [1.0, 2.0]]), "naive Bayes": np.array([[2.0, 1.0], [1.0, 2.0]])}
    found = evaluate_classifier(TRAIN, HELD_OUT, PROBABILITIES, scores, ("x", "y"), baseline)
    assert found["confusion"] == {"x": {"x": 1}, "y": {"x": 1}}
    assert found["macro-F1"] == pytest.approx((2 / 3 + 0) / 2)
    accuracies = {name.removeprefix("accuracy, "): value for name, value in found.items() if name.startswith("acc")}
    assert accuracies == {
        "accuracy": 0.5, "network alone": 0.5, "naive Bayes alone": 1, "majority class": 0.5, "logistic regression": 1,
    }  # fmt: skip


def test_one_expert_is_the_classifier():
    found = evaluate_classifier(TRAIN, HELD_OUT, PROBABILITIES, {"network": PROBABILITIES}, ("x", "y"), None)
    assert set(found) == {"accuracy", "macro-F1", "calibration error", "accuracy, majority class", "confusion"}


def test_the_same_number_of_contents_is_generated_for_each_label(monkeypatch):
    monkeypatch.setattr(evaluation, "GENERATED_CONTENTS", 7)

    def generate(prompt, count, *, max_new_tokens, seed, guidance):
        return [np.array([prompt, max_new_tokens, guidance])] * count

    found = generate_by_label([10, 20, 30], SimpleNamespace(generate=generate), 5, 2)
    assert [(number, ids.tolist()) for number, ids in found] == [
        *[(0, [10, 5, 2])] * 3, *[(1, [20, 5, 2])] * 2, *[(2, [30, 5, 2])] * 2,
    ]  # fmt: skip
    assert [number for number, _ in generate_by_label(range(9), SimpleNamespace(generate=generate), 5, 2)] == [
        *range(7)
    ]


def test_metrics_are_those_of_scikit_learn():
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    rng, names = np.random.default_rng(0), "abcd"
    labels, predicted = rng.choice(4, 200, p=[0.7, 0.2, 0.05, 0.05]), rng.integers(0, 4, 200)
    held_out = LabelledWords([[]] * 200, labels)
    found = evaluate_classifier(held_out, held_out, np.eye(4)[predicted], {}, names, None)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found["macro-F1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    table = found["confusion"]
    matrix = [[table.get(true, {}).get(answer, 0) for answer in names] for true in names]
    assert matrix == confusion_matrix(labels, predicted).tolist()


def test_calibration_error_is_what_a_calculation_by_hand_gives():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [1.0, 0.0]])
    # Bins of 1/15: two answers of 0.9, one of them right; one of 0.65, right; one of 1, wrong.
    assert calibration_error(probabilities, np.array([0, 1, 1, 1])) == pytest.approx((0.8 + 0.35 + 1) / 4)


def test_metrics_of_spans_have_names_of_their_own():
    found = evaluate_spans(PROBABILITIES, np.array([0, 1]))
    assert found == {
        "accuracy, spans": 0.5,
        "macro-F1, spans": pytest.approx(1 / 3),
        "calibration error, spans": pytest.approx(0.45),
    }

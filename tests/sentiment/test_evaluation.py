"""Metrics of a classifier beside its baselines, by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from seqgen_sentiment import evaluation
from seqgen_sentiment.evaluation import LabelledWords, evaluate_classifier, generate_by_label

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

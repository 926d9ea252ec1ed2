"""How good a classifier is: accuracy, macro-F1, calibration error and confusion.

*Expected calibration error*: answers are sorted into 15 bins by the probability of the predicted label. The error is
the mean difference between a bin's share of right answers and its mean probability, weighted by the answers of the bin
(Naeini et al. 2015; Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BIN_COUNT = 15


def accuracy(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Returns the share of predicted labels int[n] that are right."""
    return float((predicted == labels).mean())


def macro_f1(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Returns the mean F1 score of the labels that occur in either of int[n]."""
    occurring = np.union1d(predicted, labels)
    right = np.array([((predicted == label) & (labels == label)).sum() for label in occurring])
    total = np.array([(predicted == label).sum() + (labels == label).sum() for label in occurring])
    return float((2 * right / total).mean())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Returns the expected calibration error of probabilities [n, labels] for the true labels int[n]."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins = np.minimum((confidence * BIN_COUNT).astype(int), BIN_COUNT - 1)
    gaps = np.bincount(bins, right - confidence, minlength=BIN_COUNT)
    return float(np.abs(gaps).sum() / len(labels))


def confusion(predicted: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Returns how often each label is predicted, by true label and then by predicted label. Zeros are left out."""
    table: dict[str, dict[str, int]] = {}
    pairs, counts = np.unique(np.stack([labels, predicted]), axis=1, return_counts=True)
    for (label, answer), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        table.setdefault(names[label], {})[names[answer]] = count
    return table

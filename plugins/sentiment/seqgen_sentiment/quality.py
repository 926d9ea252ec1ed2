"""How good answers are: accuracy, macro-F1, calibration error and confusion.

*Calibration error*: answers are sorted into 15 bins by the probability of the label that was answered; the mean, by
answers, of how far each bin's share of right ones is from its mean probability (Naeini et al. 2015; Guo et al. 2017).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BINS = 15


def accuracy(answers: np.ndarray, truth: np.ndarray) -> float:
    """The share of answers int[n] that are right."""
    return float((answers == truth).mean())


def macro_f1(answers: np.ndarray, truth: np.ndarray) -> float:
    """The mean, by the labels that occur in either, of the harmonic mean of precision and recall."""
    labels = np.union1d(answers, truth)
    right = np.array([((answers == label) & (truth == label)).sum() for label in labels])
    either = np.array([(answers == label).sum() + (truth == label).sum() for label in labels])
    return float((2 * right / either).mean())


def calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Of probabilities [n, labels] and true labels int[n]."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))


def confusion(answers: np.ndarray, truth: np.ndarray, labels: Sequence[str]) -> dict[str, dict[str, int]]:
    """By true label, then by answer: how often; only what occurs."""
    table: dict[str, dict[str, int]] = {}
    pairs, counts = np.unique(np.stack([truth, answers]), axis=1, return_counts=True)
    for (true, answered), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        table.setdefault(labels[true], {})[labels[answered]] = count
    return table

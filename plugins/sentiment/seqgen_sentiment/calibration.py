"""Combines two classifiers and calibrates the result on held-out data.

*Product of experts*: p(label | content) of the trained network and of naive Bayes are multiplied, each raised to a
power (Hinton 2002, *Training Products of Experts*, section 1). *Temperature scaling*: the logarithms are divided by one
number (Guo et al. 2017, *On Calibration of Modern Neural Networks*).
"""

from __future__ import annotations

import numpy as np

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
MAX_LOGIT = 12.0
"""The largest logit of the share of naive Bayes. The smallest is its negative."""


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Returns ln softmax of each row of scores [n, labels]."""
    shifted = scores - scores.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))


def product_of_experts(network: np.ndarray, words: np.ndarray | float, temperature: float, share: float) -> np.ndarray:
    """Returns p(label | content) [n, labels] of two experts with scores [n, labels]: logarithms, not normalised.

    p ∝ (p_network^(1 − share) · p_words^share)^(1 / temperature)
    """
    return np.asarray(np.exp(_log_product(network, words, temperature, share)))


def _log_product(network: np.ndarray, words: np.ndarray | float, temperature: float, share: float) -> np.ndarray:
    return log_softmax(((1 - share) * network + share * words) / temperature)


def fit_calibration(network: np.ndarray, words: np.ndarray | None, labels: np.ndarray) -> tuple[float, float]:
    """Returns the temperature and the share that make labels int[n] most likely; the share is 0 without `words`.

    A prior keeps the temperature near 1 and the share near ½ if there are few labels: a normal distribution of the
    logarithm of the temperature with deviation 1, and Beta(2, 2).
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    rows = np.arange(len(labels))

    # The search runs over the logarithm and the logit: if one expert has much larger scores, the best share is near 0.
    def parameters(point: np.ndarray) -> tuple[float, float]:
        return float(np.exp(point[0])), float(expit(point[1])) if words is not None else 0.0

    def cost(point: np.ndarray) -> float:
        temperature, share = parameters(point)
        log_likelihood = _log_product(network, 0.0 if words is None else words, temperature, share)[rows, labels]
        log_prior = 0.0 if words is None else np.log(share * (1 - share))
        return float(-log_likelihood.sum() + point[0] ** 2 / 2 - log_prior)

    bounds = [(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)), (-MAX_LOGIT, MAX_LOGIT)]
    count = 1 if words is None else 2
    return parameters(minimize(cost, np.zeros(count), method="L-BFGS-B", bounds=bounds[:count]).x)

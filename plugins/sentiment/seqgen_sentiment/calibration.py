"""Combines classifiers and calibrates the result on held-out data.

*Product of experts*: p(label | content) of each classifier is raised to a power, its share, and they are multiplied
(Hinton 2002, *Training Products of Experts*, section 1). *Temperature scaling*: the logarithms are divided by one
number (Guo et al. 2017, *On Calibration of Modern Neural Networks*). The simpler one of two models is chosen unless the
other one is better by some standard errors (Breiman et al. 1984, *Classification and Regression Trees*, section 3.4.3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
MIN_STANDARD_ERRORS = 2.0
"""How many standard errors the network must lower the loss by. With one, a network that had learned nothing of music
was chosen (bench/NOTES.md)."""
MAX_LOGIT = 12.0
"""The largest logarithm of the ratio of an expert's share to that of the first. The smallest is its negative."""


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Returns ln softmax of scores [..., labels] over the labels."""
    shifted = scores - scores.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))


def product_of_experts(scores: Sequence[np.ndarray], shares: Sequence[float], temperature: float) -> np.ndarray:
    """Returns p(label | content) [n, labels] of experts with scores [n, labels]: logarithms, not normalised.

    p ∝ (Π_expert p_expert^share)^(1 / temperature)
    """
    return np.asarray(np.exp(_log_product(np.asarray(scores), np.asarray(shares), temperature)))


def _log_product(scores: np.ndarray, shares: np.ndarray, temperature: float) -> np.ndarray:
    return log_softmax(np.tensordot(shares, scores, 1) / temperature)


def select_experts(
    simple: Sequence[np.ndarray], network: np.ndarray, labels: np.ndarray, groups: np.ndarray
) -> tuple[float, tuple[float, ...]]:
    """Returns the temperature, and the shares of simple experts and of the network, for labels int[n].

    simple:  [n, labels] of each simple expert; there may be none
    network: [n, labels]
    groups:  int[n], the number of the group of each content. Contents of one group are not independent.

    The shares sum to 1. The network has a share only if it lowers the loss of the simple experts by more than
    MIN_STANDARD_ERRORS of the difference. Its weights were chosen by the same contents, so it looks better than it is.
    """
    temperature, shares = fit_calibration([*simple, network], labels)
    if not simple:
        return temperature, shares
    simple_temperature, simple_shares = fit_calibration(simple, labels)
    rows = np.arange(len(labels))
    gain = (
        _log_product(np.asarray([*simple, network]), np.asarray(shares), temperature)[rows, labels]
        - _log_product(np.asarray(simple), np.asarray(simple_shares), simple_temperature)[rows, labels]
    )
    if gain.mean() > MIN_STANDARD_ERRORS * standard_error(gain, groups):
        return temperature, shares
    return simple_temperature, (*simple_shares, 0.0)


def standard_error(values: np.ndarray, groups: np.ndarray) -> float:
    """Returns the standard error of the mean of values float64[n], which are independent between groups int[n] only.

    It is infinite for one group.
    """
    _, group = np.unique(groups, return_inverse=True)
    residuals = np.bincount(group, values - values.mean())
    if len(residuals) < 2:
        return float("inf")
    return float(np.sqrt((residuals**2).sum() * len(residuals) / (len(residuals) - 1)) / len(values))


def fit_calibration(scores: Sequence[np.ndarray], labels: np.ndarray) -> tuple[float, tuple[float, ...]]:
    """Returns the temperature and the shares of experts that make labels int[n] most likely. The shares sum to 1.

    scores: [n, labels] of each expert

    A prior keeps the temperature near 1 and the shares near each other if there are few labels: a normal distribution
    of the logarithm of the temperature with deviation 1, and a Dirichlet distribution with parameters 2, 2, ….
    """
    from scipy.optimize import minimize

    rows, table = np.arange(len(labels)), np.asarray(scores)

    # The search runs over logarithms: if one expert has much larger scores than the others, its best share is near 0.
    def parameters(point: np.ndarray) -> tuple[float, np.ndarray]:
        return float(np.exp(point[0])), np.exp(log_softmax(np.concatenate([[0.0], point[1:]])))

    def cost(point: np.ndarray) -> float:
        temperature, shares = parameters(point)
        log_likelihood = _log_product(table, shares, temperature)[rows, labels]
        return float(-log_likelihood.sum() + point[0] ** 2 / 2 - np.log(shares).sum())

    bounds = [(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)), *[(-MAX_LOGIT, MAX_LOGIT)] * (len(table) - 1)]
    temperature, shares = parameters(minimize(cost, np.zeros(len(table)), method="L-BFGS-B", bounds=bounds).x)
    return temperature, tuple(shares.tolist())

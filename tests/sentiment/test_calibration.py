"""The parameters of a product of experts are found again in data that it generated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from seqgen_sentiment.calibration import fit_calibration, product_of_experts


@pytest.mark.parametrize(
    ("temperature", "share", "scale"),
    [(0.5, 0.2, 1), (1.0, 0.7, 1), (3.0, 0.5, 1), (1.0, 0.02, 50), (2.0, 0.99, 0.01)],
)
def test_temperature_and_share_are_found_again(temperature, share, scale):
    rng = np.random.default_rng(0)
    network, words = rng.normal(0, 4, (2, 20_000, 3))
    words *= scale
    probabilities = np.exp(log_softmax(((1 - share) * network + share * words) / temperature, axis=1))
    labels = (rng.random((len(probabilities), 1)) > probabilities.cumsum(1)).sum(1)
    np.testing.assert_allclose(product_of_experts([network, words], [1 - share, share], temperature), probabilities)
    found, shares = fit_calibration([network, words], labels)
    assert (found, shares[1]) == pytest.approx((temperature, share), rel=0.05)
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_alone_is_found_again(temperature):
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 4, (20_000, 3))
    probabilities = np.exp(log_softmax(scores / temperature, axis=1))
    labels = (rng.random((len(scores), 1)) > probabilities.cumsum(1)).sum(1)
    assert fit_calibration([scores], labels) == (pytest.approx(temperature, rel=0.05), (1,))


def test_the_prior_decides_if_there_is_one_answer():
    network = np.array([[3.0, 0, 0]])
    temperature, (_, share) = fit_calibration([network, -network], np.array([0]))
    assert 0.5 < temperature < 1.5
    assert 0.1 < share < 0.5


def test_shares_of_three_experts_are_found_again():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 4, (3, 20_000, 2))
    probabilities = product_of_experts(scores, [0.5, 0.1, 0.4], 1.5)
    labels = (rng.random((len(probabilities), 1)) > probabilities.cumsum(1)).sum(1)
    temperature, shares = fit_calibration(scores, labels)
    assert temperature == pytest.approx(1.5, rel=0.05)
    assert shares == pytest.approx((0.5, 0.1, 0.4), abs=0.02)

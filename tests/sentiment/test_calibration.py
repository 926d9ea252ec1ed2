"""The parameters of a product of experts are found again in data that it generated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from seqgen_sentiment.calibration import fit_calibration, product_of_experts, select_experts, standard_error


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


def test_a_network_that_helps_has_the_fitted_share():
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 4, (3, 5000, 2))
    labels = (rng.random((5000, 1)) > product_of_experts(scores, [0.5, 0.1, 0.4], 1.5).cumsum(1)).sum(1)
    found = select_experts([*scores[:2]], scores[2], labels, np.arange(5000))
    assert found == fit_calibration(scores, labels)
    assert select_experts([], scores[2], labels, np.arange(5000))[1] == (1,)


def test_a_network_that_knows_nothing_has_no_share():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 300)
    good = np.stack([-(labels - 0.5), labels - 0.5], 1) * 2 + rng.normal(0, 1, (300, 2))
    for random in rng.normal(0, 3, (5, 300, 2)):
        assert select_experts([good], random, labels, np.arange(300)) == (*fit_calibration([good], labels)[:1], (1, 0))


def test_a_network_is_not_trusted_for_documents_of_a_few_authors():
    """All documents of an author have one label, so these 200 documents say little more than four would."""
    rng = np.random.default_rng(2)
    authors = np.repeat(np.arange(4), 50)
    labels = authors % 2
    simple = rng.normal(0, 0.5, (200, 2))
    network = np.where(authors == 3, -1, 1)[:, None] * np.stack([0.5 - labels, labels - 0.5], 1)
    assert select_experts([simple], network, labels, np.arange(200))[1][1] > 0.5
    assert select_experts([simple], network, labels, authors)[1] == (1, 0)


def test_the_standard_error_grows_if_contents_depend_on_each_other():
    values = np.repeat([1.0, 2.0, 4.0], 5)
    alone = standard_error(values, np.arange(15))
    assert alone == pytest.approx(values.std(ddof=1) / 15**0.5)
    assert standard_error(values, np.repeat(np.arange(3), 5)) == pytest.approx(np.std([1, 2, 4], ddof=1) / 3**0.5)
    assert standard_error(values, np.zeros(15, int)) == float("inf")

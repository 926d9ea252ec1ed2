"""The baseline uses bigrams."""

from __future__ import annotations

import numpy as np
from seqgen_sentiment.logistic_regression import LogisticRegressionBaseline


def test_bigrams_are_features():
    texts = ["not good", "good", "bad", "not bad"] * 5
    baseline = LogisticRegressionBaseline([text.split() for text in texts], np.array([0, 1, 0, 1] * 5))
    assert baseline.predict([["not", "bad"], ["not", "good"]]).tolist() == [1, 0]

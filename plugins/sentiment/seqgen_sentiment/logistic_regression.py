"""A strong baseline: logistic regression on which words and bigrams a content has (Wang & Manning 2012, *Baselines and
Bigrams*). It also judges generated content, as a model that is independent of the one that generated it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen_sentiment.features import unigrams_and_bigrams

MAX_WEIGHTS = 2**22
"""The most weights, one for each label and feature. L-BFGS keeps about 25 arrays of this size, together 0.8 GiB."""
MIN_FEATURES = 1000
"""How many features there can be at least. With fewer the baseline says little."""
MAX_SCORES = 2**23
"""The most training contents × labels. Each step of the fit computes that many scores."""


class LogisticRegressionBaseline:
    """A classifier of contents that are sequences of words. Knows the most frequent features if there are too many."""

    def __init__(self, contents: Sequence[Sequence[str]], labels: np.ndarray) -> None:
        """Learns from contents and their labels int[n]. There are at least two different labels."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression

        max_features = MAX_WEIGHTS // _row_count(len(np.unique(labels)))
        self._features = CountVectorizer(analyzer=unigrams_and_bigrams, binary=True, max_features=max_features)
        self._model = LogisticRegression(max_iter=1000)
        self._model.fit(self._features.fit_transform(contents), labels)

    @staticmethod
    def can_learn(content_count: int, label_count: int) -> bool:
        """Whether so many contents with so many labels fit in memory and are learned within minutes."""
        rows = _row_count(label_count)
        return rows * content_count <= MAX_SCORES and rows * MIN_FEATURES <= MAX_WEIGHTS

    def predict(self, contents: Sequence[Sequence[str]]) -> np.ndarray:
        """Returns int[n]: the likeliest label of each content."""
        return np.asarray(self._model.predict(self._features.transform(contents)))


def _row_count(label_count: int) -> int:
    """Returns the number of weights for each feature: for two labels, one says how much it speaks for the second."""
    return label_count if label_count > 2 else 1

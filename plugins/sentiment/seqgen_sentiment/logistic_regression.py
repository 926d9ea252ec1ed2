"""A strong baseline: logistic regression on which words and bigrams a content has (Wang & Manning 2012, *Baselines and
Bigrams*). It also judges generated content, as a model that is independent of the one that generated it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen_sentiment.features import unigrams_and_bigrams


class LogisticRegressionBaseline:
    """A classifier of contents that are sequences of words."""

    def __init__(self, contents: Sequence[Sequence[str]], labels: np.ndarray) -> None:
        """Learns from contents and their labels int[n]. There are at least two different labels."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression

        self._features = CountVectorizer(analyzer=unigrams_and_bigrams, binary=True)
        self._model = LogisticRegression(max_iter=1000)
        self._model.fit(self._features.fit_transform(contents), labels)

    def predict(self, contents: Sequence[Sequence[str]]) -> np.ndarray:
        """Returns int[n]: the likeliest label of each content."""
        return np.asarray(self._model.predict(self._features.transform(contents)))

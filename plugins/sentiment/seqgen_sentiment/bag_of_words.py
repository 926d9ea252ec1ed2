"""The baseline that is hard to beat: logistic regression on which words and pairs of neighbours a content has.

(Wang & Manning 2012, *Baselines and Bigrams*.) It is the judge of generated content too: another model, which has
never met the one that wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen_sentiment.words import words_and_pairs


class BagOfWords:
    """A classifier of contents that are sequences of words, or of whatever a content is made of."""

    def __init__(self, contents: Sequence[Sequence[str]], labels: np.ndarray) -> None:
        """Learns from contents and their labels int[n], of which there are at least two."""
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression

        self._features = CountVectorizer(analyzer=words_and_pairs, binary=True)
        self._model = LogisticRegression(max_iter=1000)
        self._model.fit(self._features.fit_transform(contents), labels)

    def judge(self, contents: Sequence[Sequence[str]]) -> np.ndarray:
        """int[n]: the likeliest label of each."""
        return self._model.predict(self._features.transform(contents))

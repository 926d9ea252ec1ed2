"""Naive Bayes on bag-of-words features, the second expert of the classifier.

Each word and bigram of a content counts once (Wang & Manning 2012, *Baselines and Bigrams*, section 2.1): p(content |
label) is the product over its features of

    p(feature | label) = (1 + documents of the label with the feature) / Σ_feature (1 + documents of the label with it)

It learns from a few thousand sentences what a recurrent network only learns from many more, and its errors are others:
the two together are better than either (Mesnil et al. 2014, *Ensemble of Generative and Discriminative Techniques for
Sentiment Analysis of Movie Reviews*).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from seqgen import Options
from seqgen_sentiment.features import unigrams_and_bigrams

MAX_COUNTS = 200_000
"""How many counts are kept. They are those of the most frequent features."""
Count = Annotated[int, Field(ge=0, le=2**31)]


class FeatureCounts(Options):
    """What naive Bayes learns.

    documents:            the number of documents of each label
    document_frequencies: for each label, the number of its documents that have a feature
    """

    documents: dict[str, Count] = Field(default_factory=dict)
    document_frequencies: dict[str, dict[str, Count]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _same_labels(self) -> FeatureCounts:
        if self.documents.keys() != self.document_frequencies.keys():
            raise ValueError("its two counts are of different labels")
        return self

    @classmethod
    def of(cls, contents: Iterable[tuple[Sequence[str], str]], labels: Sequence[str]) -> FeatureCounts:
        """Counts the features of contents, which are words with one of the labels."""
        documents: Counter[str] = Counter()
        frequencies: dict[str, Counter[str]] = {label: Counter() for label in labels}
        for words, label in contents:
            documents[label] += 1
            frequencies[label].update(set(unigrams_and_bigrams(words)))
        total, label_count = Counter[str](), Counter[str]()
        for counts in frequencies.values():
            total.update(counts)
            label_count.update(counts.keys())
        # Equally frequent features are ordered by name, because the order of a set depends on the process.
        most_frequent = sorted(total, key=lambda name: (-total[name], name))
        fits = np.cumsum([label_count[name] for name in most_frequent]) <= MAX_COUNTS
        kept = set(most_frequent[: int(fits.sum())])
        return cls(
            documents={label: documents[label] for label in labels},
            document_frequencies={label: {name: counts[name] for name in sorted(kept & counts.keys())}
                                  for label, counts in frequencies.items()},
        )  # fmt: skip

    @functools.cached_property
    def classifier(self) -> NaiveBayes:
        """The classifier with these counts."""
        return NaiveBayes(self)


class NaiveBayes:
    """ln p(label | content) by the words of a content. Labels are in the order of the counts.

    Most counts of a feature and a label are 0 if there are many labels, so only the others take memory.
    """

    def __init__(self, counts: FeatureCounts) -> None:
        from scipy.sparse import csc_array

        frequencies = counts.document_frequencies
        self._rows = {name: row for row, name in enumerate(sorted(set().union(*frequencies.values())))}
        of_labels = [frequencies[label] for label in counts.documents]
        values = np.array([count for one in of_labels for count in one.values()], float)
        rows = np.array([self._rows[name] for one in of_labels for name in one], np.int64)
        ends = np.cumsum([0, *map(len, of_labels)])
        shape = len(self._rows), len(of_labels)
        self._log_counts = csc_array((np.log1p(values), rows, ends), shape=shape).tocsr()
        """ln(1 + documents of the label with the feature): float64[features, labels]"""
        sums = len(self._rows) + np.array([sum(one.values()) for one in of_labels], float)
        self._log_sums = np.log(np.maximum(sums, 1))
        documents = 1.0 + np.array(list(counts.documents.values()), float)
        self._log_prior = np.log(documents / documents.sum())

    def log_scores(self, contents: Sequence[Sequence[str]]) -> np.ndarray:
        """Returns float64[n, labels]: ln p(label | content) of the words of n contents, not normalised.

        Features that are in no training document are ignored.
        """
        from scipy.sparse import csr_array

        rows = self._rows
        known = [sorted({rows[name] for name in unigrams_and_bigrams(words) if name in rows}) for words in contents]
        lengths = np.array([len(found) for found in known], np.int64)
        indices = np.array([row for found in known for row in found], np.int64)
        ends = np.concatenate([[0], np.cumsum(lengths)])
        features = csr_array((np.ones(len(indices)), indices, ends), shape=(len(contents), len(rows)))
        return np.asarray(self._log_prior + (features @ self._log_counts).toarray() - lengths[:, None] * self._log_sums)

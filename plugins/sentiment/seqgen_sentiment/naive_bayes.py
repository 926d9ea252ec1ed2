"""The second opinion that an answer is mixed of: which words stand in a content, whatever their order.

Naive Bayes over the words and the pairs of neighbours that a content has, each counted once (Wang & Manning 2012,
*Baselines and Bigrams*, section 2.1): p(content | label) is the product of

    p(feature | label) = (1 + documents of the label that hold it) / Σ_feature (1 + documents of the label that hold it)

It learns from a few thousand sentences what a recurrent network only finds in many more, and errs elsewhere: the two
together are better than either (Mesnil et al. 2014, *Ensemble of Generative and Discriminative Techniques for Sentiment
Analysis of Movie Reviews*).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from seqgen import Options
from seqgen_sentiment.words import words_and_pairs

MOST = 200_000
"""How many counts are kept at most, those of the commonest features."""
Count = Annotated[int, Field(ge=0, le=2**31)]


class WordCounts(Options):
    """What naive Bayes learns.

    documents: how many there were of each label
    holding:   how many of each label hold a feature, a word or a pair
    """

    documents: dict[str, Count] = Field(default_factory=dict)
    holding: dict[str, dict[str, Count]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _same_labels(self) -> WordCounts:
        if self.documents.keys() != self.holding.keys():
            raise ValueError("documents and words of different labels are counted")
        return self

    @classmethod
    def of(cls, contents: Iterable[tuple[Sequence[str], str]], labels: Sequence[str]) -> WordCounts:
        """Counts the features of contents, which are words with one of the labels."""
        documents: Counter[str] = Counter()
        holding: dict[str, Counter[str]] = {label: Counter() for label in labels}
        for words, label in contents:
            documents[label] += 1
            holding[label].update(set(words_and_pairs(words)))
        everywhere, spread = Counter[str](), Counter[str]()
        for counts in holding.values():
            everywhere.update(counts)
            spread.update(counts.keys())
        # Equally common ones by name: the order in which a set gives its members is no one's seed.
        commonest = sorted(everywhere, key=lambda name: (-everywhere[name], name))
        room = np.cumsum([spread[name] for name in commonest]) <= MOST
        kept = set(commonest[: int(room.sum())])
        return cls(
            documents={label: documents[label] for label in labels},
            holding={label: {name: counts[name] for name in sorted(kept & counts.keys())}
                     for label, counts in holding.items()},
        )  # fmt: skip

    @functools.cached_property
    def learned(self) -> NaiveBayes:
        """The classifier that follows from the counts."""
        return NaiveBayes(self)


class NaiveBayes:
    """ln p(label | content) by the words of a content; labels are in the order of the counts."""

    def __init__(self, counts: WordCounts) -> None:
        self._rows = {name: row for row, name in enumerate(sorted(set().union(*counts.holding.values())))}
        holding = np.ones((len(self._rows), len(counts.documents)))
        for column, label in enumerate(counts.documents):
            of_label = counts.holding[label]
            holding[[self._rows[name] for name in of_label], column] += list(of_label.values())
        self._log_features = np.log(holding / holding.sum(0))
        documents = 1.0 + np.array(list(counts.documents.values()), float)
        self._log_prior = np.log(documents / documents.sum())

    def log_scores(self, contents: Sequence[Sequence[str]]) -> np.ndarray:
        """float64[n, labels]: ln p(label | content), not normalised, of the words of n contents.

        A feature that no training document holds says nothing.
        """
        rows = self._rows
        known = [{rows[name] for name in words_and_pairs(words) if name in rows} for words in contents]
        found = [self._log_prior + self._log_features[sorted(places)].sum(0) for places in known]
        return np.array(found).reshape(-1, len(self._log_prior))

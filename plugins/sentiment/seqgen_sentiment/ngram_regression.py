"""Logistic regression on the n-grams of a text, an expert of the classifier.

The features are words and pairs of neighbours, and the runs of 2 … 5 characters within a word, which find words of one
stem. Each kind is a vector of length 1: a feature that a text has is its inverse document frequency, divided by the
norm of all (Wang & Manning 2012, *Baselines and Bigrams*; Bojanowski et al. 2017, *Enriching Word Vectors with Subword
Information*, for characters).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from seqgen import Options
from seqgen_sentiment.features import character_ngrams, unigrams_and_bigrams
from seqgen_sentiment.logistic_regression import LogisticRegressionBaseline
from seqgen_sentiment.regression import Value, label_scores

MAX_FEATURES = 100_000
"""How many features of each kind are kept, divided by the number of weights of each: the most frequent ones."""
MIN_TEXTS = {"words": 2, "characters": 3}
"""A feature of fewer texts is left out."""
INVERSE_REGULARISATION = 6.0
"""The constant C of scikit-learn. Chosen on validation data of SST-2 (bench/NOTES.md)."""
MAX_WORDS = 1_000_000
"""How many words the regression learns from, which takes 0.7 GB of memory. Of a larger corpus it reads some texts."""
SIGNIFICANT_DIGITS = 5


class NgramWeights(Options):
    """What is learned of one kind of features.

    inverse_document_frequencies: ln((1 + texts) / (1 + texts with the feature)) + 1 of each feature
    weights:                      for each feature, one weight a label
    """

    inverse_document_frequencies: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        default_factory=dict
    )
    weights: dict[str, list[Value]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _same_features(self) -> NgramWeights:
        if self.inverse_document_frequencies.keys() != self.weights.keys():
            raise ValueError("its frequencies and weights are of different features")
        return self

    @functools.cached_property
    def scorer(self) -> NgramScorer:
        """The same weights as arrays."""
        return NgramScorer(self)


class NgramScorer:
    """What the features of one kind add to the scores of labels."""

    def __init__(self, learned: NgramWeights) -> None:
        self._rows = {name: row for row, name in enumerate(learned.weights)}
        self._frequencies = np.array([learned.inverse_document_frequencies[name] for name in learned.weights])
        self._weights = np.array(list(learned.weights.values()))

    def scores(self, features: Iterable[str]) -> np.ndarray | float:
        """Returns what a text's features add to the score of each label, float64[labels]; 0 for none.

        A feature counts once.
        """
        found = sorted({self._rows[name] for name in features if name in self._rows})
        if not found:
            return 0.0
        values = self._frequencies[found]
        return np.asarray(values / np.linalg.norm(values) @ self._weights[found])


class NgramRegression(Options):
    """What the regression learns.

    intercepts: one number a label
    """

    intercepts: dict[str, Value] = Field(default_factory=dict)
    words: NgramWeights = NgramWeights()
    characters: NgramWeights = NgramWeights()

    @model_validator(mode="after")
    def _same_labels(self) -> NgramRegression:
        for block in (self.words, self.characters):
            if any(len(weights) != len(self.intercepts) for weights in block.weights.values()):
                raise ValueError("a feature needs one weight a label")
        return self

    @staticmethod
    def can_learn(contents: int, labels: np.ndarray) -> bool:
        """Whether so many contents with labels int[n] can be told apart, in memory and within minutes."""
        label_count = len(np.unique(labels))
        return label_count > 1 and LogisticRegressionBaseline.can_learn(contents, label_count)

    @classmethod
    def fit(
        cls, contents: Sequence[Sequence[str]], labels: np.ndarray, sample_weights: np.ndarray, names: Sequence[str]
    ) -> NgramRegression:
        """Learns from the words of n contents, their labels int[n], which are indices into `names`, and weights [n].

        Labels without a content are improbable. There are at least two labels with one.
        """
        from scipy.sparse import hstack
        from sklearn.linear_model import LogisticRegression

        kept = _random_subset(contents, labels)
        contents, labels, sample_weights = [contents[number] for number in kept], labels[kept], sample_weights[kept]
        max_features = max(MAX_FEATURES // max(len(names) - 1, 1), 1)
        kinds = {"words": unigrams_and_bigrams, "characters": character_ngrams}
        blocks = {kind: _Features(contents, analyze, MIN_TEXTS[kind], max_features) for kind, analyze in kinds.items()}
        matrix = hstack([block.take_matrix() for block in blocks.values()]).tocsr()
        solver = "liblinear" if len(np.unique(labels)) == 2 else "lbfgs"
        model = LogisticRegression(C=INVERSE_REGULARISATION, solver=solver, max_iter=200)
        model.fit(matrix, labels, sample_weight=sample_weights)
        weights, intercepts = label_scores(model, len(names), len(contents))
        first, learned = 0, {}
        for kind, block in blocks.items():
            last = first + len(block.names)
            learned[kind] = block.with_weights(weights[:, first:last])
            first = last
        return cls(intercepts=dict(zip(names, intercepts.tolist(), strict=True)), **learned)

    def log_scores(self, contents: Sequence[Sequence[str]]) -> np.ndarray:
        """Returns float64[n, labels]: ln p(label | content) of the words of n contents, not normalised."""
        intercepts = np.array(list(self.intercepts.values()))
        scores = [
            intercepts
            + self.words.scorer.scores(unigrams_and_bigrams(words))
            + self.characters.scorer.scores(character_ngrams(set(words)))
            for words in contents
        ]
        return np.array(scores).reshape(-1, len(intercepts))


class _Features:
    """The features of one kind that training contents have.

    names: of the features
    """

    def __init__(
        self, contents: Sequence[Sequence[str]], analyze: Callable[[Sequence[str]], Iterable[str]], min_texts: int,
        max_features: int,
    ) -> None:  # fmt: skip
        from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

        counts = CountVectorizer(analyzer=analyze, binary=True, dtype=np.uint8)
        found = counts.fit_transform(contents)
        texts = found.getnnz(0)
        kept = np.flatnonzero(texts >= min(min_texts, texts.max(initial=0)))
        if len(kept) > max_features:
            kept = np.sort(kept[np.argsort(-texts[kept], kind="stable")[:max_features]])
        weighting = TfidfTransformer()
        self._matrix = weighting.fit_transform(found[:, kept])
        self.names = counts.get_feature_names_out()[kept].tolist()
        self._frequencies = weighting.idf_

    def take_matrix(self) -> Any:
        """Returns the features sparse [n, features], each row of length 1. They are large, and not kept."""
        matrix, self._matrix = self._matrix, None
        return matrix

    def with_weights(self, weights: np.ndarray) -> NgramWeights:
        """Returns the features with weights float64[labels, features], rounded, because JSON writes every digit."""
        rounded = [[_rounded(weight) for weight in row] for row in weights.T.tolist()]
        return NgramWeights(
            inverse_document_frequencies=dict(zip(self.names, map(_rounded, self._frequencies.tolist()), strict=True)),
            weights=dict(zip(self.names, rounded, strict=True)),
        )


def _random_subset(contents: Sequence[Sequence[str]], labels: np.ndarray) -> np.ndarray:
    """Returns the numbers of contents with about MAX_WORDS words, in order; of all if they have fewer or one label."""
    count = len(contents) * MAX_WORDS // max(sum(map(len, contents)), 1)
    kept = np.sort(np.random.default_rng(0).permutation(len(contents))[:count])
    return kept if len(np.unique(labels[kept])) > 1 else np.arange(len(contents))


def _rounded(value: float) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")

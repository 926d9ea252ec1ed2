"""The classifier of labels: a trained network and classifiers by features, as a product of experts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from seqgen import BundleError, Domain, Options, Oracle
from seqgen_sentiment.calibration import product_of_experts, select_experts
from seqgen_sentiment.document_layout import DocumentLayout
from seqgen_sentiment.features import has_statistics, is_text, statistics_of_contents, words_of_contents
from seqgen_sentiment.naive_bayes import FeatureCounts
from seqgen_sentiment.ngram_regression import NgramRegression
from seqgen_sentiment.regression import RegressionWeights

NETWORK, NAIVE_BAYES, NGRAMS, STATISTICS = "network", "naive Bayes", "regression on n-grams", "regression on statistics"
"""The names of the experts."""
MAX_ROUNDING = 1e-6
Share = Annotated[float, Field(ge=0, le=1)]


class ClassifierCalibration(Options):
    """How the experts are combined; see `product_of_experts`.

    shares:         of each expert beside the network, by its name. The network has the rest. An expert with the share
                    0 is not used.
    feature_counts: what naive Bayes learned
    ngrams:         what the regression on n-grams learned
    statistics:     what the regression on statistics learned
    """

    temperature: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False)
    shares: dict[str, Share] = Field(default_factory=dict)
    feature_counts: FeatureCounts = FeatureCounts()
    ngrams: NgramRegression = NgramRegression()
    statistics: RegressionWeights = RegressionWeights()

    @model_validator(mode="after")
    def _at_most_one(self) -> ClassifierCalibration:
        if sum(self.shares.values()) > 1 + MAX_ROUNDING:
            raise ValueError("the shares of its experts sum to more than 1")
        return self


class TrainingContents(NamedTuple):
    """Contents to learn from.

    contents: ids int32[…] without BOS and EOS
    labels:   int[n], indices into the labels of the model
    is_span:  bool[n], whether each is a part of a document
    weights:  float[n], how much each counts
    groups:   int[n], the group of each. Contents of one group are not independent, such as those of one author.
    """

    contents: Sequence[np.ndarray]
    labels: np.ndarray
    is_span: np.ndarray
    weights: np.ndarray
    groups: np.ndarray


class LabelClassifier:
    """p(label | content) of a trained model. Contents are ids int32[…] without BOS and EOS."""

    def __init__(
        self, layout: DocumentLayout, base: Domain[Any], calibration: ClassifierCalibration, oracle: Oracle
    ) -> None:
        """Raises BundleError if the calibration is of other labels than the model's."""
        labels = {
            NAIVE_BAYES: tuple(calibration.feature_counts.documents),
            NGRAMS: tuple(calibration.ngrams.intercepts),
            STATISTICS: tuple(calibration.statistics.intercepts),
        }
        if any(labels.get(expert) != layout.labels for expert in calibration.shares):
            raise BundleError(
                "The calibration of the bundle is for other labels than its own; copy it again from where it was "
                "trained."
            )
        self._layout, self._base, self._calibration, self._oracle = layout, base, calibration, oracle

    def probabilities(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Returns the calibrated p(label | content): float64[n, labels]."""
        used = [expert for expert, share in self._shares.items() if share > 0]
        return self.combine(self._scores_of(used, contents))

    def scores(self, contents: Sequence[np.ndarray], *, are_spans: bool = False) -> dict[str, np.ndarray]:
        """Returns ln p(label | content) of each expert, also of one without a share: float64[n, labels].

        They are not normalised.
        """
        return self._scores_of([*self._shares], contents, are_spans=are_spans)

    def combine(self, scores: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the calibrated probabilities float64[n, labels] of the experts' scores."""
        shares = [self._shares[expert] for expert in scores]
        return product_of_experts([*scores.values()], shares, self._calibration.temperature)

    @property
    def _shares(self) -> dict[str, float]:
        """The shares of all experts, which sum to 1."""
        shares = self._calibration.shares
        rest = 1 - sum(shares.values())
        return {NETWORK: rest if rest > MAX_ROUNDING else 0.0, **shares}

    def _scores_of(
        self, experts: Collection[str], contents: Sequence[np.ndarray], *, are_spans: bool = False
    ) -> dict[str, np.ndarray]:
        scores = {}
        if NETWORK in experts:
            scores[NETWORK] = self.network_scores(contents, are_spans=are_spans)
        if NAIVE_BAYES in experts or NGRAMS in experts:
            words = words_of_contents(contents, self._base)
            if NAIVE_BAYES in experts:
                scores[NAIVE_BAYES] = self._calibration.feature_counts.classifier.log_scores(words)
            if NGRAMS in experts:
                scores[NGRAMS] = self._calibration.ngrams.log_scores(words)
        if STATISTICS in experts:
            statistics = statistics_of_contents(contents, self._base)
            scores[STATISTICS] = self._calibration.statistics.log_scores(statistics)
        return scores

    def network_scores(self, contents: Sequence[np.ndarray], *, are_spans: bool = False) -> np.ndarray:
        """Returns ln p(label | content) of the network, not normalised: float64[n, labels]."""
        prefixes = [self._layout.classification_prefix(content, is_span=are_spans) for content in contents]
        return self._oracle.log_probabilities(prefixes, self._layout.label_ids).astype(np.float64)

    def calibrate(self, train: TrainingContents, held_out: TrainingContents) -> ClassifierCalibration:
        """Lets the experts learn from training contents, and fits their shares to held-out documents.

        A network that does not make held-out documents clearly likelier has no share (`select_experts`).
        Only texts have experts by words. On a few pieces of music naive Bayes is confident and wrong (bench/NOTES.md).
        Only items with statistics have a regression on them. Naive Bayes learns from whole documents alone.
        """
        base, names = self._base, self._layout.labels
        found: dict[str, Any] = {}
        scores = {NETWORK: self.network_scores(held_out.contents)}
        if is_text(base):
            words, held_out_words = (words_of_contents(part.contents, base) for part in (train, held_out))
            counted = [
                (content, names[label])
                for content, label, is_span in zip(words, train.labels, train.is_span, strict=True)
                if not is_span or train.is_span.all()
            ]
            found["feature_counts"] = counts = FeatureCounts.of(counted, names)
            scores[NAIVE_BAYES] = counts.classifier.log_scores(held_out_words)
            if NgramRegression.can_learn(len(words), train.labels):
                found["ngrams"] = ngrams = NgramRegression.fit(words, train.labels, train.weights, names)
                scores[NGRAMS] = ngrams.log_scores(held_out_words)
        if has_statistics(base):
            statistics, held_out_statistics = (
                statistics_of_contents(part.contents, base) for part in (train, held_out)
            )
            found["statistics"] = regression = RegressionWeights.fit(statistics, train.labels, names)
            scores[STATISTICS] = regression.log_scores(held_out_statistics)
        network = scores.pop(NETWORK)
        temperature, (*shares, _) = select_experts([*scores.values()], network, held_out.labels, held_out.groups)
        return ClassifierCalibration(temperature=temperature, shares=dict(zip(scores, shares, strict=True)), **found)

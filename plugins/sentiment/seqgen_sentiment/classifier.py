"""The classifier of labels: a trained network and classifiers by features, as a product of experts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from seqgen import BundleError, Domain, Options, Oracle
from seqgen_sentiment.calibration import fit_calibration, product_of_experts
from seqgen_sentiment.document_layout import DocumentLayout
from seqgen_sentiment.features import has_statistics, is_text, statistics_of_contents, words_of_contents
from seqgen_sentiment.naive_bayes import FeatureCounts
from seqgen_sentiment.regression import RegressionWeights

NETWORK, NAIVE_BAYES, REGRESSION = "network", "naive Bayes", "regression on statistics"
"""The names of the experts."""
MAX_ROUNDING = 1e-6
Share = Annotated[float, Field(ge=0, le=1)]


class ClassifierCalibration(Options):
    """How the experts are combined; see `product_of_experts`.

    shares:         of each expert that is used, by its name. The network has the rest.
    feature_counts: what naive Bayes learned
    regression:     what the regression learned
    """

    temperature: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False)
    shares: dict[str, Share] = Field(default_factory=dict)
    feature_counts: FeatureCounts = FeatureCounts()
    regression: RegressionWeights = RegressionWeights()

    @model_validator(mode="after")
    def _at_most_one(self) -> ClassifierCalibration:
        if sum(self.shares.values()) > 1 + MAX_ROUNDING:
            raise ValueError("the shares of its experts sum to more than 1")
        return self


class LabelClassifier:
    """p(label | content) of a trained model. Contents are ids int32[…] without BOS and EOS."""

    def __init__(
        self, layout: DocumentLayout, base: Domain[Any], calibration: ClassifierCalibration, oracle: Oracle
    ) -> None:
        """Raises BundleError if the calibration is of other labels than the model's."""
        labels = {
            NAIVE_BAYES: tuple(calibration.feature_counts.documents),
            REGRESSION: tuple(calibration.regression.intercepts),
        }
        if any(labels.get(expert) != layout.labels for expert in calibration.shares):
            raise BundleError(
                "The calibration of the bundle is for other labels than its own; copy it again from where it was "
                "trained."
            )
        self._layout, self._base, self._calibration, self._oracle = layout, base, calibration, oracle

    def probabilities(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Returns the calibrated p(label | content): float64[n, labels]."""
        return self.combine(self.scores(contents))

    def scores(self, contents: Sequence[np.ndarray], *, are_spans: bool = False) -> dict[str, np.ndarray]:
        """Returns ln p(label | content) of each expert that is used, not normalised: float64[n, labels]."""
        scores = {NETWORK: self.network_scores(contents, are_spans=are_spans)}
        if NAIVE_BAYES in self._calibration.shares:
            naive_bayes = self._calibration.feature_counts.classifier
            scores[NAIVE_BAYES] = naive_bayes.log_scores(words_of_contents(contents, self._base))
        if REGRESSION in self._calibration.shares:
            statistics = statistics_of_contents(contents, self._base)
            scores[REGRESSION] = self._calibration.regression.log_scores(statistics)
        return scores

    def combine(self, scores: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the calibrated probabilities float64[n, labels] of the experts' scores."""
        shares = self._calibration.shares
        all_shares = [max(1 - sum(shares.values()), 0.0), *(shares[expert] for expert in scores if expert != NETWORK)]
        return product_of_experts([*scores.values()], all_shares, self._calibration.temperature)

    def network_scores(self, contents: Sequence[np.ndarray], *, are_spans: bool = False) -> np.ndarray:
        """Returns ln p(label | content) of the network, not normalised: float64[n, labels]."""
        prefixes = [self._layout.classification_prefix(content, is_span=are_spans) for content in contents]
        return self._oracle.log_probabilities(prefixes, self._layout.label_ids).astype(np.float64)

    def calibrate(
        self, train: Sequence[np.ndarray], train_labels: np.ndarray,
        held_out: Sequence[np.ndarray], held_out_labels: np.ndarray,
    ) -> ClassifierCalibration:  # fmt: skip
        """Lets the experts learn from training contents, and fits their shares to held-out contents; labels are int[n].

        Only texts have a naive Bayes expert. On a few pieces of music it is confident and wrong (bench/NOTES.md). Only
        items with statistics have a regression.
        """
        names, base = self._layout.labels, self._base
        scores = {NETWORK: self.network_scores(held_out)}
        counts, regression = FeatureCounts(), RegressionWeights()
        if is_text(base):
            labels = [names[number] for number in train_labels]
            counts = FeatureCounts.of(zip(words_of_contents(train, base), labels, strict=True), names)
            scores[NAIVE_BAYES] = counts.classifier.log_scores(words_of_contents(held_out, base))
        if has_statistics(base):
            regression = RegressionWeights.fit(statistics_of_contents(train, base), train_labels, names)
            scores[REGRESSION] = regression.log_scores(statistics_of_contents(held_out, base))
        temperature, (_, *shares) = fit_calibration([*scores.values()], held_out_labels)
        return ClassifierCalibration(
            temperature=temperature, shares=dict(zip([*scores][1:], shares, strict=True)), feature_counts=counts,
            regression=regression,
        )  # fmt: skip

"""The classifier of labels: a trained network and naive Bayes as a product of experts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from seqgen import BundleError, Domain, Options, Oracle
from seqgen_sentiment.calibration import fit_calibration, product_of_experts
from seqgen_sentiment.document_layout import DocumentLayout
from seqgen_sentiment.features import is_text, words_of_contents
from seqgen_sentiment.naive_bayes import FeatureCounts


class ClassifierCalibration(Options):
    """How the experts are combined; see `product_of_experts`."""

    temperature: float = Field(default=1.0, gt=0, le=1000, allow_inf_nan=False)
    naive_bayes_share: float = Field(default=0.0, ge=0, le=1)
    feature_counts: FeatureCounts = FeatureCounts()


class LabelClassifier:
    """p(label | content) of a trained model. Contents are ids int32[…] without BOS and EOS."""

    def __init__(
        self, layout: DocumentLayout, base: Domain[Any], calibration: ClassifierCalibration, oracle: Oracle
    ) -> None:
        """Raises BundleError if the calibration is of other labels than the model's."""
        counts = calibration.feature_counts
        if calibration.naive_bayes_share and tuple(counts.documents) != layout.labels:
            raise BundleError(
                "The bundle counts words for other labels than its own; copy it again from where it was trained."
            )
        self._layout, self._base, self._calibration, self._oracle = layout, base, calibration, oracle

    def probabilities(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Returns the calibrated p(label | content): float64[n, labels]."""
        return self.combine(self.scores(contents))

    def scores(self, contents: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Returns ln p(label | content) of each expert that is used, not normalised: float64[n, labels]."""
        scores = {"network": self.network_scores(contents)}
        if self._calibration.naive_bayes_share:
            naive_bayes = self._calibration.feature_counts.classifier
            scores["naive Bayes"] = naive_bayes.log_scores(words_of_contents(contents, self._base))
        return scores

    def combine(self, scores: dict[str, np.ndarray]) -> np.ndarray:
        """Returns the calibrated probabilities float64[n, labels] of the experts' scores."""
        found = self._calibration
        words = scores.get("naive Bayes", 0.0)
        return product_of_experts(scores["network"], words, found.temperature, found.naive_bayes_share)

    def network_scores(self, contents: Sequence[np.ndarray]) -> np.ndarray:
        """Returns ln p(label | content) of the network, not normalised: float64[n, labels]."""
        prefixes = [self._layout.classification_prefix(content) for content in contents]
        return self._oracle.log_probabilities(prefixes, self._layout.label_ids).astype(np.float64)

    def calibrate(
        self, train: Sequence[np.ndarray], train_labels: Sequence[str],
        held_out: Sequence[np.ndarray], held_out_labels: np.ndarray,
    ) -> ClassifierCalibration:  # fmt: skip
        """Counts features in training contents, and fits the combination to held-out contents with labels int[n].

        Only texts have a naive Bayes expert. On a few pieces of music it is confident and wrong (bench/NOTES.md).
        """
        network = self.network_scores(held_out)
        if not is_text(self._base):
            return ClassifierCalibration(temperature=fit_calibration(network, None, held_out_labels)[0])
        training_words = words_of_contents(train, self._base)
        counts = FeatureCounts.of(zip(training_words, train_labels, strict=True), self._layout.labels)
        words = counts.classifier.log_scores(words_of_contents(held_out, self._base))
        temperature, share = fit_calibration(network, words, held_out_labels)
        return ClassifierCalibration(temperature=temperature, naive_bayes_share=share, feature_counts=counts)

"""Logistic regression on features of a content, an expert of the classifier.

A feature is a number with a name, such as a statistic of a piece of music. The score of a label is

    intercept(label) + Σ_feature weight(label, feature) · (value − mean(feature))

over the features that the content has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from seqgen import Options

Value = Annotated[float, Field(allow_inf_nan=False)]
INVERSE_REGULARISATION = 1.0
"""The constant C of scikit-learn, for features with deviation 1."""


class RegressionWeights(Options):
    """What the regression learns.

    intercepts: one number a label
    means:      the mean of each feature over the training contents that have it
    weights:    for each feature, one weight a label in the order of the intercepts
    """

    intercepts: dict[str, Value] = Field(default_factory=dict)
    means: dict[str, Value] = Field(default_factory=dict)
    weights: dict[str, list[Value]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _same_features(self) -> RegressionWeights:
        if self.means.keys() != self.weights.keys():
            raise ValueError("its means and weights are of different features")
        if any(len(weights) != len(self.intercepts) for weights in self.weights.values()):
            raise ValueError("a feature needs one weight a label")
        return self

    @classmethod
    def fit(
        cls, contents: Sequence[Mapping[str, float]], labels: np.ndarray, names: Sequence[str]
    ) -> RegressionWeights:
        """Learns from the features of n contents and their labels int[n], which are indices into `names`.

        Each feature is scaled to mean 0 and deviation 1 (L2 penalty, constant C = 1). A value that is missing or NaN
        counts as the mean. A label that no content has gets the score of one content in n + 1.
        """
        from sklearn.linear_model import LogisticRegression

        features = list(dict.fromkeys(name for values in contents for name in values))
        matrix = np.array([[values.get(name, np.nan) for name in features] for values in contents], float)
        matrix = matrix.reshape(len(contents), len(features))
        is_missing = ~np.isfinite(matrix)
        count = np.maximum((~is_missing).sum(0), 1)
        means = np.where(is_missing, 0, matrix).sum(0) / count
        centred = np.where(is_missing, 0, matrix - means)
        deviations = np.sqrt((centred**2).sum(0) / count)
        deviations[deviations == 0] = 1
        weights, intercepts = np.zeros((len(names), len(features))), np.zeros(len(names))
        if len(np.unique(labels)) > 1:
            model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=2000).fit(centred / deviations, labels)
            weights, intercepts = label_scores(model, len(names), len(labels))
        else:
            intercepts[labels[:1]] = np.log(len(labels) + 1.0)
        weights /= deviations
        return cls(
            intercepts=dict(zip(names, intercepts.tolist(), strict=True)),
            means=dict(zip(features, means.tolist(), strict=True)),
            weights=dict(zip(features, weights.T.tolist(), strict=True)),
        )

    def log_scores(self, contents: Sequence[Mapping[str, float]]) -> np.ndarray:
        """Returns float64[n, labels]: ln p(label | content) of n contents by their features, not normalised."""
        features = list(self.means)
        matrix = np.array([[values.get(name, np.nan) for name in features] for values in contents], float)
        matrix = matrix.reshape(len(contents), len(features)) - np.array(list(self.means.values()))
        weights = np.array(list(self.weights.values())).reshape(len(features), len(self.intercepts))
        intercepts = np.array(list(self.intercepts.values()))
        return np.asarray(np.where(np.isfinite(matrix), matrix, 0) @ weights + intercepts)


def label_scores(model: Any, label_count: int, content_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the weights [labels, features] and the intercepts [labels] of a fitted LogisticRegression.

    Its classes are numbers of labels. A label that is none of them gets the score of one content in n + 1.
    """
    found, offsets = model.coef_, model.intercept_
    if len(found) == 1:
        # With two labels, scikit-learn only has the difference of their scores.
        found, offsets = np.concatenate([-found, found]) / 2, np.concatenate([-offsets, offsets]) / 2
    weights = np.zeros((label_count, found.shape[1]))
    intercepts = np.full(label_count, -np.log(content_count + 1.0))
    weights[model.classes_], intercepts[model.classes_] = found, offsets
    return weights, intercepts

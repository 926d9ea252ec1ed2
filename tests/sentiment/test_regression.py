"""Logistic regression on features is that of scikit-learn, and copes with what is missing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import log_softmax
from seqgen_sentiment.regression import RegressionWeights

from seqgen import InvalidValue

NAN = float("nan")


def contents(count: int, label_count: int) -> tuple[list[dict[str, float]], np.ndarray]:
    """Returns contents of three features with other units, the first of which depends on the label int[n]."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % label_count
    table = np.stack([1000 + 30 * labels + rng.normal(0, 20, count), *rng.normal(0, 0.01, (2, count))], 1)
    return [dict(zip("abc", row, strict=True)) for row in table.tolist()], labels


@pytest.mark.parametrize("label_count", [2, 3])
def test_scores_are_those_of_scikit_learn(label_count):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, labels = contents(120, label_count)
    found = RegressionWeights.fit(features[:90], labels[:90], "xyz"[:label_count])
    matrix = np.array([[*values.values()] for values in features])
    theirs = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(matrix[:90], labels[:90])
    scores = log_softmax(found.log_scores(features[90:]), axis=1)
    np.testing.assert_allclose(scores, theirs.predict_log_proba(matrix[90:]), atol=1e-4)
    assert RegressionWeights.from_mapping(json.loads(found.model_dump_json())) == found


def test_a_missing_feature_counts_as_its_mean():
    features, labels = contents(90, 2)
    features[5] = {**features[5], "b": NAN}
    found = RegressionWeights.fit(features, labels, "xy")
    known = [values["b"] for values in features if not np.isnan(values["b"])]
    assert found.means["b"] == pytest.approx(np.mean(known))
    one = features[7]
    as_mean, as_nan = {**one, "b": found.means["b"]}, {**one, "b": NAN, "unknown": 3.0}
    absent = {name: value for name, value in one.items() if name != "b"}
    scores = found.log_scores([as_mean, as_nan, absent])
    np.testing.assert_allclose(scores, [scores[0]] * 3)


def test_a_feature_that_never_varies_or_is_always_missing_is_ignored():
    features, labels = contents(90, 2)
    plain = RegressionWeights.fit(features, labels, "xy")
    more = RegressionWeights.fit([{**values, "same": 4.0, "never": NAN} for values in features], labels, "xy")
    found = more.log_scores([{**features[0], "same": 9.0, "never": 1.0}])
    np.testing.assert_allclose(found, plain.log_scores(features[:1]))


def test_a_label_without_training_contents_is_improbable():
    features, labels = contents(90, 2)
    found = RegressionWeights.fit(features, 2 * labels, "xyz")
    assert np.exp(log_softmax(found.log_scores(features), axis=1))[:, 1].max() < 0.05
    alone = RegressionWeights.fit(features, np.ones(90, int), "xyz")
    assert set(alone.log_scores(features).argmax(1).tolist()) == {1}
    assert found.log_scores([]).shape == (0, 3)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"means": {"a": 1.0}}, "different features"),
        ({"intercepts": {"x": 0.0}, "means": {"a": 1.0}, "weights": {"a": [1.0, 2.0]}}, "one weight a label"),
        ({"intercepts": {"x": float("inf")}}, "intercepts"),
    ],
)
def test_impossible_weights_are_refused(wrong, reason):
    with pytest.raises(InvalidValue, match=reason):
        RegressionWeights.from_mapping(wrong)

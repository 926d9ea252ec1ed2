"""Naive Bayes is that of scikit-learn, and its counts are limited and checked."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from labelled_texts import rows
from scipy.special import log_softmax
from seqgen_sentiment import naive_bayes
from seqgen_sentiment.features import words_of_text
from seqgen_sentiment.naive_bayes import FeatureCounts

from seqgen import InvalidValue


def test_scores_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.naive_bayes import MultinomialNB

    texts, labels = zip(*rows(60), strict=True)
    contents, names = [words_of_text(text) for text in texts], ("neg", "pos")
    counts = FeatureCounts.of(zip(contents[:40], labels[:40], strict=True), names)
    features = CountVectorizer(binary=True, ngram_range=(1, 2), token_pattern=r"\w+")
    theirs = MultinomialNB(alpha=1).fit(features.fit_transform(texts[:40]), labels[:40])
    expected = theirs.predict_log_proba(features.transform(texts[40:]))
    np.testing.assert_allclose(log_softmax(counts.classifier.log_scores(contents[40:]), axis=1), expected)
    assert FeatureCounts.from_mapping(json.loads(counts.model_dump_json())) == counts


def test_the_most_frequent_features_are_kept(monkeypatch):
    monkeypatch.setattr(naive_bayes, "MAX_COUNTS", 5)
    contents = [(["d", "a", "b"], "x"), (["b"], "y"), (["a"], "x"), (["b", "c"], "y"), (["c", "d"], "x")]
    counts = FeatureCounts.of(contents, ["x", "y", "z"])
    assert counts.documents == {"x": 3, "y": 2, "z": 0}
    # All of these features are in two documents. The first by name fill the limit of five counts.
    assert counts.document_frequencies == {"x": {"b": 1, "a": 2, "c": 1}, "y": {"b": 2, "c": 1}, "z": {}}
    assert counts.classifier.log_scores([]).shape == (0, 3)


@pytest.mark.parametrize("count", [-1, 2**31 + 1, 10**400])
def test_impossible_counts_are_refused(count):
    with pytest.raises(InvalidValue, match="documents"):
        FeatureCounts.from_mapping({"documents": {"a": count}, "document_frequencies": {"a": {}}})


def test_memory_grows_with_the_counts_and_not_with_features_and_labels():
    labels = [f"label {number}" for number in range(20_000)]
    counts = FeatureCounts.of([([f"word {number}"], label) for number, label in enumerate(labels)], labels)
    tracemalloc.start()
    scores = counts.classifier.log_scores([["word 7", "unknown"], []])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert scores.argmax(1).tolist() == [7, 0]
    assert peak < 2**25  # a table would take 3 GiB

"""The experts of the classifier."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from labelled_texts import learned, rows
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.naive_bayes import FeatureCounts

from seqgen import Record

UNIFORM = SimpleNamespace(log_probabilities=lambda prefixes, tokens: np.zeros((len(prefixes), len(tokens))))


def test_texts_have_experts_by_words():
    texts = [Record(LabelledItem(text, label)) for text, label in rows(40)]
    found = learned().prediction.calibrate(texts, texts, UNIFORM)
    assert sum(found.shares.values()) > 0.5
    assert set(found.shares) == {"naive Bayes", "regression on n-grams"}
    assert not found.statistics.weights


def test_music_has_a_regression_on_its_statistics():
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "base.encoding": "melody"})
    labels = ("high", "low") * 20
    observations = [[label, None] for label in labels]
    domain = SentimentDomain(settings, SentimentDomain(settings).learn(observations).vocabulary)
    rng, midi = np.random.default_rng(0), domain.base
    grammars = {
        "high": midi.grammar(midi.Constraints.from_mapping({"bars": 4, "range": "72-84"})),
        "low": midi.grammar(midi.Constraints.from_mapping({"bars": 4, "range": "48-71"})),
    }
    tunes = [Record(LabelledItem(midi.decode(grammars[label].walk(rng)), label)) for label in labels]
    prediction = domain.prediction
    found = prediction.calibrate(tunes[:30], tunes[:30], UNIFORM)
    assert set(found.shares) == {"regression on statistics"}
    assert found.statistics.weights.keys() == midi.metrics.statistics(tunes[0].item.content).keys()
    assert found.feature_counts == FeatureCounts()
    prediction.calibration = prediction.Calibration(**dict(found))
    answers = [answer.values["label"] for answer in prediction.predict(tunes[30:], UNIFORM)]
    assert np.mean([answer == label for answer, label in zip(answers, labels[30:], strict=True)]) >= 0.9

"""The experts of the classifier."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from labelled_texts import learned, rows
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem

from seqgen import Record


def test_only_texts_have_a_naive_bayes_expert():
    uniform = SimpleNamespace(log_probabilities=lambda prefixes, tokens: np.zeros((len(prefixes), len(tokens))))
    texts = [Record(LabelledItem(text, label)) for text, label in rows(40)]
    of_texts = learned().prediction.calibrate(texts, texts, uniform)
    assert of_texts.naive_bayes_share > 0.5
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "base.encoding": "melody"})
    domain = SentimentDomain(settings, SentimentDomain(settings).learn([[label, None] for label in "abab"]).vocabulary)
    rng, grammar = np.random.default_rng(0), domain.base.grammar(domain.base.Constraints(bars=1))
    tunes = [Record(LabelledItem(domain.base.decode(grammar.walk(rng)), label)) for label in "abab"]
    prediction = domain.prediction
    assert prediction.calibrate(tunes, tunes, uniform) == prediction.Calibration()

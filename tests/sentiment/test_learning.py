"""Labels that can and cannot be learned, and models to start from."""

from __future__ import annotations

import pytest
from labelled_texts import rows
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_text.domain import TextDomain

from seqgen import CorpusError


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([None] * 4, "Nothing has a label; name the column"),
        (["same"] * 4, "Every document of the training split has the label 'same'; name"),
        ([str(number) for number in range(20)], "There are 20 labels for 20 training documents; name"),
    ],
)
def test_labels_that_cannot_be_learned_are_one_sentence(labels, sentence):
    with pytest.raises(CorpusError, match=sentence):
        SentimentDomain().learn([[label, text] for label, (text, _) in zip(labels, rows(len(labels)), strict=True)])


def test_two_hundred_uneven_labels_can_be_learned():
    labels = [f"l{number}" for number in range(200)] + ["l0"] * 300
    evidence = [[label, text] for label, (text, _) in zip(labels, rows(500), strict=True)]
    domain = SentimentDomain(None, SentimentDomain().learn(evidence).vocabulary)
    assert sorted(domain.layout.labels) == sorted(set(labels))
    assert domain.decode(domain.encode(LabelledItem("the film", "l123")).ids) == LabelledItem("the film", "l123")


def test_a_model_that_starts_from_another_keeps_what_that_learned():
    observations = [[label, text] for text, label in rows(40)]
    text = TextDomain(TextDomain.Settings(tokenizer="bpe", vocabulary_size=300)).learn(text for _, text in observations)
    settings = SentimentDomain.Settings.from_mapping({"base.tokenizer": "bpe"})
    known = SentimentDomain(settings).learning.extend(text, observations)
    domain = SentimentDomain(settings, known.vocabulary, known.state)
    assert domain.base.vocabulary == text.vocabulary
    assert domain.base.state == text.state
    assert domain.layout.labels == ("neg", "pos")
    more = domain.learning.extend(known, [["odd", "a film"], ["pos", "a dog"]])
    assert SentimentDomain(settings, more.vocabulary, more.state).layout.labels == ("neg", "odd", "pos")
    assert more.state == text.state

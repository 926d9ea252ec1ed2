"""What counts is the target."""

from __future__ import annotations

import pytest
from seqgen_translation.metrics import PairMetrics
from seqgen_translation.sentence_pair import SentencePair

from seqgen import Record


def test_sizes_are_of_the_target():
    assert PairMetrics().sizes(SentencePair("ein hund", "a dog")) == {"target word": 2, "target character": 5}
    assert PairMetrics().sizes(SentencePair("ein hund")) == {"target word": 0, "target character": 0}


def test_lengths_are_compared_with_the_source():
    held_out, samples = [Record(SentencePair("a b", "c d e"))], [Record(SentencePair("a b", "c"))]
    assert PairMetrics().compare(held_out, samples) == {
        "target words a source word, held out": pytest.approx(1.5),
        "target words a source word, samples": pytest.approx(0.5),
    }
    assert PairMetrics().compare([], [])["target words a source word, samples"] == 0

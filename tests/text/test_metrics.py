"""Distinct-n and repetition by hand, and sizes of texts."""

from __future__ import annotations

import pytest
from seqgen_text.metrics import TextMetrics, distinct, repetition

from seqgen import Record


def test_sizes_are_those_of_the_text_with_every_tokenizer(domains):
    for domain in domains.values():
        assert domain.metrics.sizes("aß京") == {"character": 3, "byte": 6}


def test_distinct_n_and_repetition_by_hand():
    texts = [["a", "b", "a", "b"], ["a", "c"]]
    assert distinct(texts, 1) == 3 / 6
    assert distinct(texts, 2) == 3 / 4
    assert distinct(texts, 5) == 0
    assert repetition([["a", "b", "c", "d", "a", "b", "c", "d", "a"], ["e", "f"]]) == 2 / 6


def test_both_sides_are_cut_to_the_same_number_of_words():
    held_out, samples = [Record("a b c d"), Record("a b")], [Record("x x")]
    found = TextMetrics().compare(held_out, samples)
    assert (found["distinct-1, held out"], found["distinct-1, samples"]) == (1, pytest.approx(1 / 2))

"""Words and bigrams of texts, and tokens of other content."""

from __future__ import annotations

import numpy as np
from labelled_texts import learned
from seqgen_sentiment.features import (
    character_ngrams,
    has_statistics,
    is_text,
    statistics_of_contents,
    unigrams_and_bigrams,
    words_of_contents,
    words_of_text,
)

from seqgen import load_domain


def test_words_and_punctuation_marks_in_lower_case():
    assert words_of_text("A GOOD film, isn't it?") == ["a", "good", "film", ",", "isn", "'", "t", "it", "?"]


def test_bigrams_are_pairs_of_neighbours():
    assert list(unigrams_and_bigrams(["a", "b", "c"])) == ["a", "b", "c", "a b", "b c"]
    assert list(unigrams_and_bigrams([])) == []


def test_words_of_a_text_do_not_depend_on_its_tokens():
    for tokenizer in ("word", "byte"):
        base = learned(**{"base.tokenizer": tokenizer}).base
        contents = [base.encode(text).ids[1:-1] for text in ("the film", "is good")]
        assert words_of_contents(contents, base) == [["the", "film"], ["is", "good"]]


def test_words_of_music_are_its_tokens():
    midi = load_domain("midi")()
    assert not is_text(midi)
    content = midi.grammar().walk(np.random.default_rng(0), 50)[1:]
    assert words_of_contents([content], midi) == [[midi.vocabulary[number] for number in content]]


def test_music_has_statistics_and_texts_have_none():
    midi = load_domain("midi")()
    assert has_statistics(midi)
    assert not has_statistics(learned().base)
    document = midi.grammar().walk(np.random.default_rng(0))
    found = statistics_of_contents([document[1:-1], document[1:1]], midi)
    assert found[0] == midi.metrics.statistics(midi.decode(document))
    assert found[1].keys() == found[0].keys()
    assert np.isnan(found[1]["velocity"])


def test_characters_are_runs_within_words_with_their_borders():
    assert list(character_ngrams(["ab", "c"])) == [" a", "ab", "b ", " ab", "ab ", " ab ", " c", "c ", " c "]
    assert list(character_ngrams([])) == []

"""Words and bigrams of texts, and tokens of other content."""

from __future__ import annotations

import numpy as np
from labelled_texts import learned
from seqgen_sentiment.features import is_text, unigrams_and_bigrams, words_of_contents, words_of_text

from seqgen import load_domain


def test_words_and_punctuation_marks_in_lower_case():
    assert words_of_text("A GOOD film, isn't it?") == ["a", "good", "film", ",", "isn", "'", "t", "it", "?"]


def test_bigrams_are_pairs_of_neighbours():
    assert unigrams_and_bigrams(["a", "b", "c"]) == ["a", "b", "c", "a b", "b c"]
    assert unigrams_and_bigrams([]) == []


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

"""Attention between tokens becomes weights between words."""

from __future__ import annotations

import numpy as np
from seqgen_translation.alignment import best_source_words, word_alignment, words
from seqgen_translation.sentence_pair import SentencePair


def test_words_begin_where_a_token_begins_with_a_space(domain):
    ids = domain.encode(SentencePair("der fußballer läuft")).ids[1:-1]
    texts, numbers = words(ids, domain.tokenizer)
    assert texts == ("der", "fußballer", "läuft")
    assert numbers[0] == 0
    assert numbers[-1] == 2
    assert words(ids[:0], domain.tokenizer)[0] == ()


def test_attention_is_summed_over_source_tokens_and_averaged_over_target_tokens(domain):
    ids = domain.encode(SentencePair("ein fußballer", "a footballer")).ids
    separator = domain.layout.separator
    middle = int(np.flatnonzero(ids == separator)[0])
    attention = np.zeros((len(ids), len(ids)), np.float32)
    # Every target token looks at the source word "fußballer", evenly at its tokens.
    _, numbers = words(ids[1:middle], domain.tokenizer)
    attention[middle:, 1:middle] = (numbers == 1) / (numbers == 1).sum()
    found = word_alignment(ids, attention, separator, domain.tokenizer)
    assert (found.source, found.target) == (("ein", "fußballer"), ("a", "footballer"))
    np.testing.assert_allclose(found.weights, [[0, 1], [0, 1]], atol=1e-3)
    assert [best[:2] for best in best_source_words(found)] == [("a", "fußballer"), ("footballer", "fußballer")]


def test_the_row_of_a_target_word_is_the_one_that_predicts_it(domain):
    ids = domain.encode(SentencePair("ein hund", "a dog")).ids
    middle = int(np.flatnonzero(ids == domain.layout.separator)[0])
    attention = np.zeros((len(ids), len(ids)), np.float32)
    attention[middle, 1] = 1
    assert np.argmax(word_alignment(ids, attention, domain.layout.separator, domain.tokenizer).weights[0]) == 0
    assert sum(map(sum, word_alignment(ids, attention, domain.layout.separator, domain.tokenizer).weights)) == 1


def test_a_translation_without_end_is_aligned_too(domain):
    ids = domain.encode(SentencePair("ein hund", "a dog")).ids[:-1]
    found = word_alignment(ids, np.zeros((len(ids), len(ids))), domain.layout.separator, domain.tokenizer)
    assert found.target == ("a", "dog")

"""BPE is learned on both sides together."""

from __future__ import annotations

from seqgen_translation.document_layout import SEPARATOR
from seqgen_translation.learning import PairLearning, learn
from seqgen_translation.sentence_pair import SentencePair
from seqgen_translation.settings import TranslationSettings
from some_pairs import learned


def test_words_of_both_sides_become_tokens():
    observe = PairLearning().observe
    pairs = [observe(SentencePair("schmetterling", "butterfly")) for _ in range(5)]
    found = learn(TranslationSettings(vocabulary_size=400), pairs)
    assert {" schmetterling", " butterfly"} <= set(found.vocabulary.names)
    assert found.vocabulary.names[-1] == SEPARATOR


def test_a_word_has_the_same_tokens_at_the_beginning_of_a_sentence_and_within():
    domain = learned()
    first = domain.encode(SentencePair("hund läuft")).ids
    second = domain.encode(SentencePair("ein hund läuft")).ids
    assert second[-len(first) + 1 :].tolist() == first[1:].tolist()


def test_a_source_alone_is_an_observation():
    assert PairLearning().observe(SentencePair("ein hund")) == [" ein hund"]

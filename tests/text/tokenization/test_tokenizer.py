"""Every text can be encoded with every tokenizer and decoded again, but for unknown words."""

from __future__ import annotations

import pytest
from seqgen_text.domain import TextDomain
from texts import LEARNED, ODD, random_texts


@pytest.mark.parametrize("tokenizer", ["byte", "character", "bpe"])
def test_any_text_is_decoded_again(domains, tokenizer):
    domain = domains[tokenizer]
    for text in [*LEARNED, *ODD, *random_texts(300, 1)]:
        example = domain.encode(text)
        assert domain.decode(example.ids) == text
        assert domain.grammar().accepts(example.ids)


def test_learning_takes_what_is_frequent_up_to_the_size():
    for tokenizer in ("character", "bpe", "word"):
        settings = TextDomain.Settings(tokenizer=tokenizer, vocabulary_size=300)
        many = ["".join(chr(0x4E00 + number) + " " for number in range(400)) + "\u4e05" * 9, "the cat " * 50]
        learned = TextDomain(settings).learn(many)
        vocabulary = learned.vocabulary
        assert len(vocabulary) <= 300
        assert {"character": "\u4e05", "bpe": " cat", "word": " cat"}[tokenizer] in vocabulary
        assert TextDomain(settings).learn(reversed(many)) == learned

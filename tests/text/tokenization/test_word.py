"""Words outside the vocabulary are lost, and nothing else."""

from __future__ import annotations

from texts import LEARNED, ODD, random_texts


def test_a_word_outside_the_vocabulary_is_unknown(domains):
    domain = domains["word"]
    assert all(domain.decode(domain.encode(text).ids) == text for text in LEARNED)
    once = domain.decode(domain.encode("The quick zebra, the dog").ids)
    assert once == "The quick <unk>, the dog"
    assert domain.decode(domain.encode(once).ids) == once
    for text in [*ODD, *random_texts(100, 2)]:
        ids = domain.encode(text).ids
        assert domain.encode(domain.decode(ids)).ids.tolist() == ids.tolist()

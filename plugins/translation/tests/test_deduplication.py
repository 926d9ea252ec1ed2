"""Several translations of one sentence stay together."""

from __future__ import annotations

from seqgen_translation.deduplication import PairDeduplication
from seqgen_translation.sentence_pair import SentencePair

from seqgen import Record


def test_translations_of_one_sentence_are_a_group():
    group = PairDeduplication().group
    one, other = (Record(SentencePair("ein hund", target)) for target in ("a dog", "one dog"))
    assert group(one) == group(other)
    assert group(one) != group(Record(SentencePair("eine katze", "a dog")))

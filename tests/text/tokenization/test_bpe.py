"""BPE encodes as the library does, with the merges that were learned."""

from __future__ import annotations

import json

from seqgen_text.domain import TextDomain
from texts import LEARNED, learned, random_texts

from seqgen import Vocabulary


def test_ids_are_those_of_the_library_with_the_merges_that_it_learned():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    reference = Tokenizer(models.BPE())
    reference.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    reference.train_from_iterator(
        LEARNED, trainers.BpeTrainer(vocab_size=398, initial_alphabet=alphabet, show_progress=False)
    )
    domain = learned("bpe")
    for text in [*LEARNED, "The boxes jump over großen zebras", *random_texts(50, 5)]:
        assert len(domain.encode(text).ids) - 2 == len(reference.encode(text).ids)


def test_merges_are_stored_as_names_of_tokens():
    domain = learned("bpe")
    names = set(domain.vocabulary.names)
    merges = json.loads(json.dumps(domain.state))["merges"]
    assert len(merges) >= len(names) - 258 > 0
    assert all(left in names and right in names for left, right in merges)
    again = TextDomain(domain.settings, Vocabulary(domain.vocabulary.names[2:]), {"merges": merges})
    for text in [*LEARNED, *random_texts(50, 6)]:
        assert again.encode(text).ids.tolist() == domain.encode(text).ids.tolist()

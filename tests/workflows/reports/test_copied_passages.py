"""The longest copied passages and their places, beside brute force."""

from __future__ import annotations

import numpy as np
from letters import Letters

from seqgen import Metrics
from seqgen.contract.documents import Example
from seqgen.corpus.storage.documents import Documents
from seqgen.workflows.reports.copied_passages import CopiedPassage, copied_lengths, longest_copied_passages

plain = Metrics().copy_symbols


def documents(*texts: list[int]) -> Documents:
    return Documents.from_examples([(np.array(text), np.zeros(len(text))) for text in texts])


def by_hand(sample: list[int], corpus: list[list[int]]) -> int:
    known = {tuple(text[a:b]) for text in corpus for a in range(len(text)) for b in range(a + 1, len(text) + 1)}
    found = (b - a for a in range(len(sample)) for b in range(a + 1, len(sample) + 1) if tuple(sample[a:b]) in known)
    return max(found, default=0)


def test_it_is_what_brute_force_finds_and_stands_where_it_says():
    rng = np.random.default_rng(0)
    for _ in range(200):
        letters = int(rng.integers(1, 5))
        samples = [rng.integers(2, 2 + letters, rng.integers(0, 12)) for _ in range(3)]
        corpus = [rng.integers(2, 3 + letters, rng.integers(1, 15)).tolist() for _ in range(4)]
        copies = longest_copied_passages(samples, documents(*corpus), plain)
        assert [copy.length for copy in copies] == [by_hand(sample.tolist(), corpus) for sample in samples]
        for copy, sample in zip(copies, samples, strict=True):
            if copy.length:
                passage = corpus[copy.document][slice(*copy.corpus_span)]
                assert len(passage) == copy.length
                assert sample[slice(*copy.sample_span)].tolist() == passage


def test_each_id_has_the_length_of_the_longest_copy_that_it_is_part_of():
    rng = np.random.default_rng(1)
    for _ in range(100):
        sample = rng.integers(2, 5, rng.integers(0, 12))
        corpus = [rng.integers(2, 6, rng.integers(1, 15)).tolist() for _ in range(3)]
        known = {tuple(text[a:b]) for text in corpus for a in range(len(text)) for b in range(a + 1, len(text) + 1)}
        expected = np.zeros(len(sample), int)
        for a in range(len(sample)):
            for b in range(a + 1, len(sample) + 1):
                if tuple(sample[a:b].tolist()) in known:
                    expected[a:b] = np.maximum(expected[a:b], b - a)
        (lengths,) = copied_lengths([sample], documents(*corpus), plain)
        np.testing.assert_array_equal(lengths, expected)


def test_the_ends_of_documents_are_not_copied():
    assert longest_copied_passages([np.array([0, 2, 3, 1])], documents([0, 3, 1], [0, 2, 1]), plain)[0].length == 1
    assert longest_copied_passages([np.array([0, 1])], documents([0, 1]), plain) == [
        CopiedPassage(0, -1, (-1, -1), (-1, -1))
    ]


def test_a_passage_lies_in_one_document():
    (copy,) = longest_copied_passages([np.array([0, 2, 3, 4, 5])], documents([0, 2, 3], [0, 3, 4, 5]), plain)
    assert copy == CopiedPassage(3, 1, (2, 5), (1, 4))


def test_ids_without_a_symbol_are_passed_over_but_lie_within_the_spans():
    def without_nines(ids: np.ndarray) -> np.ndarray:
        return np.where(ids == 9, -1, Metrics().copy_symbols(ids))

    (copy,) = longest_copied_passages([np.array([0, 7, 9, 3, 4])], documents([0, 5], [0, 3, 9, 9, 4, 1]), without_nines)
    assert copy == CopiedPassage(2, 1, (3, 5), (1, 5))


def test_letters_moved_through_the_alphabet_are_a_copy_where_a_domain_says_so():
    class Moved(Letters):
        def passages(self, ids: np.ndarray) -> np.ndarray:
            return np.where(ids > 1, 26 + np.diff(ids, prepend=0), -1)

    ids = Letters().encode(Letters().decode(np.array([2, 9, 4, 4, 20]))).ids
    sample = Example.document([8, 15, 10, 10, 26]).ids
    assert longest_copied_passages([sample], documents(ids.tolist()), plain)[0].length == 0
    assert longest_copied_passages([sample], documents(ids.tolist()), Moved().passages)[0] == CopiedPassage(
        4, 0, (2, 6), (2, 6)
    )

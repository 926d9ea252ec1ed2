"""The longest copied passages, beside brute force."""

from __future__ import annotations

import numpy as np

from seqgen.novelty import longest_copies


def by_hand(sample: list[int], corpus: list[list[int]]) -> int:
    known = {tuple(text[a:b]) for text in corpus for a in range(len(text)) for b in range(a + 1, len(text) + 1)}
    found = (b - a for a in range(len(sample)) for b in range(a + 1, len(sample) + 1) if tuple(sample[a:b]) in known)
    return max(found, default=0)


def test_it_is_what_brute_force_finds():
    rng = np.random.default_rng(0)
    for _ in range(200):
        letters = int(rng.integers(1, 5))
        samples = [rng.integers(2, 2 + letters, rng.integers(0, 12)) for _ in range(3)]
        corpus = [rng.integers(2, 3 + letters, rng.integers(0, 15)) for _ in range(4)]
        expected = [by_hand(sample.tolist(), [text.tolist() for text in corpus]) for sample in samples]
        assert longest_copies(samples, corpus) == expected


def test_the_ends_of_documents_are_not_copied():
    assert longest_copies([np.array([0, 2, 3, 1])], [np.array([0, 3, 1]), np.array([0, 2, 1])]) == [1]
    assert longest_copies([np.array([0, 1])], [np.array([0, 1])]) == [0]


def test_a_passage_lies_in_one_document():
    assert longest_copies([np.array([2, 3, 4, 5])], [np.array([2, 3]), np.array([4, 5])]) == [2]

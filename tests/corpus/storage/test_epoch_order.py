"""The order of an epoch is random. In a huge corpus it is random within windows, each of which reads few blocks."""

from __future__ import annotations

import numpy as np

from seqgen.corpus.storage.epoch_order import epoch_order


def order(seed, count=1000, **sizes):
    return epoch_order(np.full(count, 10, np.int32), np.random.default_rng(seed), **sizes)


def test_a_small_corpus_is_shuffled_as_a_whole():
    assert order(0).tolist() == np.random.default_rng(0).permutation(1000).tolist()
    assert len(order(0, count=0)) == 0


def test_a_huge_corpus_is_shuffled_by_blocks_and_within_windows():
    sizes = {"block_tokens": 500, "window_tokens": 2000}  # 50 documents, and 4 blocks of them
    numbers = order(0, **sizes)
    assert sorted(numbers) == list(range(1000))
    windows = numbers.reshape(5, 200)
    blocks = [sorted({number // 50 for number in window}) for window in windows.tolist()]
    assert [len(one) for one in blocks] == [4] * 5
    assert [number for one in blocks for number in one] != list(range(20))
    # Inside a window, its blocks are mixed.
    assert len({number // 50 for number in windows[0][:20]}) > 1
    assert numbers.tolist() != order(1, **sizes).tolist()
    assert numbers.tolist() == order(0, **sizes).tolist()

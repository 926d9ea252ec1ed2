"""Packing beside a loop that always takes the emptiest stream."""

from __future__ import annotations

import numpy as np

from seqgen.corpus.storage.packing import pack


def test_each_piece_goes_to_the_emptiest_stream():
    rng = np.random.default_rng(0)
    for _ in range(50):
        sizes = rng.integers(0, 20, rng.integers(0, 30))
        loads = rng.integers(0, 10, rng.integers(1, 6)).tolist()
        packing = pack(sizes, loads)
        ends = list(loads)
        for number, size in enumerate(sizes.tolist()):
            emptiest = ends.index(min(ends))
            assert (packing.streams[number], packing.starts[number]) == (emptiest, ends[emptiest])
            ends[emptiest] += size
        assert packing.ends == tuple(ends)


def test_no_pieces_leave_the_streams_as_they_are():
    packing = pack(np.zeros(0, int), [3, 1])
    assert (len(packing.streams), packing.ends) == (0, (3, 1))

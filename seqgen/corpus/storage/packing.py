"""Sequence packing: puts pieces of different sizes one after the other into parallel streams, without padding."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Packing(NamedTuple):
    """The places of n pieces in B streams.

    streams: int32[n], the stream of each piece
    starts:  int64[n], the position in its stream at which each piece begins
    ends:    B positions, where each stream ends
    """

    streams: np.ndarray
    starts: np.ndarray
    ends: tuple[int, ...]


def pack(sizes: np.ndarray, ends: Sequence[int]) -> Packing:
    """Puts each piece, in order, into the stream that ends first; of several, the one with the lowest number.

    sizes: int[n], the size of each piece
    ends:  B positions, where the streams end so far
    """
    heap = [(end, stream) for stream, end in enumerate(ends)]
    heapq.heapify(heap)
    streams, starts = np.empty(len(sizes), np.int32), np.empty(len(sizes), np.int64)
    for number, size in enumerate(map(int, sizes)):
        end, stream = heap[0]
        heapq.heapreplace(heap, (end + size, stream))
        streams[number], starts[number] = stream, end
    return Packing(streams, starts, tuple(end for end, _ in sorted(heap, key=lambda last: last[1])))

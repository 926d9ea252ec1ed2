"""Lays pieces of different sizes into parallel streams: each, in turn, into the stream that has least so far."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Packing(NamedTuple):
    """Where n pieces lie in B streams.

    lanes:  int32[n]; the stream of each piece
    starts: int64[n]; the position in that stream at which it begins
    loads:  B positions; where each stream ends
    """

    lanes: np.ndarray
    starts: np.ndarray
    loads: tuple[int, ...]


def pack(sizes: np.ndarray, loads: Sequence[int]) -> Packing:
    """Lays pieces of `sizes` int[n], in that order, into streams that end at `loads`; of equal streams, the first."""
    heap = [(load, lane) for lane, load in enumerate(loads)]
    heapq.heapify(heap)
    lanes, starts = np.empty(len(sizes), np.int32), np.empty(len(sizes), np.int64)
    for number, size in enumerate(map(int, sizes)):
        load, lane = heap[0]
        heapq.heapreplace(heap, (load + size, lane))
        lanes[number], starts[number] = lane, load
    return Packing(lanes, starts, tuple(load for load, _ in sorted(heap, key=lambda end: end[1])))

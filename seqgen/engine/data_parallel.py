"""Lanes: the streams of a batch shared out among the cores.

The loop over time is made of many small operations. Two cores that share each of them wait for each other more than
they work; here each core has streams of its own, and they meet only when gradients are added up. A training step of
2 × 256, 16 streams, took 44 ms before and 28 ms so.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import tensorflow as tf

from seqgen.engine.devices import has_gpu
from seqgen.engine.model import BATCH_AXIS, Memory

FEWEST = 4
"""Streams in a lane; with one or two a product would be read more than computed."""
WIDEST = 768
"""Units of a layer. Every lane reads the whole recurrent matrix at every step, and two that each read the 16 MB of
1 024 units wait for memory: a training step of 3 × 1024 takes 3.1 s in one lane and 3.5 s in two, of 2 × 512 0.51 s and
0.47 s."""


def lanes_of(streams: int, width: int) -> int:
    """How many lanes for layers of `width` units: one on a GPU and for wide layers.

    Else the most that share `streams` out evenly, one a core and of four streams at least.
    """
    if has_gpu() or width > WIDEST:
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = min(cores, max(1, streams // FEWEST))
    return max(count for count in range(1, most + 1) if streams % count == 0)


def split_streams(arrays: Sequence[tf.Tensor], lanes: int) -> list[tuple[tf.Tensor, ...]]:
    """Arrays [T, B] as one tuple of [T, B / lanes] for each lane."""
    return list(zip(*(tf.split(array, lanes, 1) for array in arrays), strict=True))


def split_memory(memory: Memory, lanes: int) -> list[Memory]:
    """A memory of B streams as one for each lane."""
    parts = (tf.split(part, lanes, axis) for part, axis in zip(memory, BATCH_AXIS, strict=True))
    return [Memory(*lane) for lane in zip(*parts, strict=True)]


def join_memory(memories: Sequence[Memory]) -> Memory:
    """The memory of all lanes' streams, in their order."""
    return Memory(
        *(tf.concat(parts, axis) for parts, axis in zip(zip(*memories, strict=True), BATCH_AXIS, strict=True))
    )

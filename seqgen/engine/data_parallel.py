"""Data parallelism on the cores of a CPU: each core works on a part of the batch, a sub-batch.

The loop over time is made of many small operations. Two cores that share each of them wait for each other more than
they work. Here each core has sequences of its own, and they meet only when gradients are added up. A training step of
2 × 256, batch size 16, took 44 ms before and takes 28 ms so.
"""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from seqgen.engine.devices import has_gpu, num_cores
from seqgen.engine.model import BATCH_AXIS, Memory
from seqgen.grammar import ConditionWindow

MIN_SUB_BATCH_SIZE = 4
"""With one or two sequences, a product takes longer to read its matrix than to compute."""
MAX_HIDDEN_SIZE = 768
"""Wider layers are not split. Each sub-batch reads the whole recurrent matrix at every step, and two cores that each
read the 16 MB of 1 024 units wait for memory: a training step of 3 × 1024 takes 3.1 s whole and 3.5 s in two
sub-batches, one of 2 × 512 0.51 s whole and 0.47 s in two."""


def num_sub_batches(batch_size: int, hidden_size: int) -> int:
    """Returns into how many equal sub-batches a batch is split: one on a GPU and for wide layers.

    Else as many as divide the batch evenly, at most one a core, and of at least four sequences each.
    """
    if has_gpu() or hidden_size > MAX_HIDDEN_SIZE:
        return 1
    limit = min(num_cores(), max(1, batch_size // MIN_SUB_BATCH_SIZE))
    return max(count for count in range(1, limit + 1) if batch_size % count == 0)


def split_batch(arrays: Sequence[tf.Tensor], count: int) -> list[tuple[tf.Tensor, ...]]:
    """Splits arrays [T, B, …] into `count` tuples of arrays [T, B / count, …]."""
    return list(zip(*(tf.split(array, count, 1) for array in arrays), strict=True))


def split_memory(memory: Memory, count: int) -> list[Memory]:
    """Splits the memory of B sequences into `count` memories of B / count sequences."""
    parts = (tf.split(part, count, axis) for part, axis in zip(memory, BATCH_AXIS, strict=True))
    return [Memory(*sub_batch) for sub_batch in zip(*parts, strict=True)]


def split_conditions(conditions: ConditionWindow | None, count: int) -> list[ConditionWindow | None]:
    """Splits the conditions of B streams into those of `count` times B / count streams."""
    if conditions is None:
        return [None] * count
    return [ConditionWindow(*part) for part in split_batch(conditions, count)]


def join_memory(memories: Sequence[Memory]) -> Memory:
    """Joins the memories of the sub-batches, in their order."""
    parts = zip(zip(*memories, strict=True), BATCH_AXIS, strict=True)
    return Memory(*(tf.concat(part, axis) for part, axis in parts))

"""Divides memory among the worker processes, so that all of them together leave half of the machine to others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

MIN_WORKER_BYTES = 2 * 2**30
"""A reader of scores with its libraries needs about half of this. With less memory there are fewer workers."""
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")


class MemoryBudget(NamedTuple):
    """How many workers there are, and the memory of each in bytes."""

    workers: int
    worker_bytes: int


def memory_budget(workers: int, file_bytes: int, machine_bytes: int) -> MemoryBudget:
    """Returns the budget of up to `workers` workers on a machine with `machine_bytes` of memory.

    All workers together get at most half of the memory. Each gets at most `file_bytes`, which is the limit for one
    file. There is at least one worker.
    """
    total = machine_bytes // 2
    count = max(1, min(workers, total // min(file_bytes, MIN_WORKER_BYTES)))
    return MemoryBudget(count, min(file_bytes, total // count))


def machine_memory() -> int:
    """Returns the memory in bytes that the machine has, or that its container may use."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(physical, int(CONTAINER_LIMIT.read_text()))
    except (OSError, ValueError):
        # There is no container, or it has no limit, which is written as "max".
        return physical

"""All workers together leave half of the memory to others, and each can read a usual file."""

from __future__ import annotations

import pytest

from seqgen.corpus.reading import memory_budget as module
from seqgen.corpus.reading.memory_budget import machine_memory, memory_budget

GIB = 2**30


@pytest.mark.parametrize(
    ("workers", "machine", "expected"),
    [
        (2, 24, (2, 4)),
        (8, 64, (8, 4)),
        (8, 32, (8, 2)),
        (8, 16, (4, 2)),
        (64, 128, (32, 2)),
        (4, 4, (1, 2)),
        (4, 2, (1, 1)),
    ],
)
def test_the_memory_of_all_workers_is_limited(workers, machine, expected):
    budget = memory_budget(workers, 4 * GIB, machine * GIB)
    assert (budget.workers, budget.worker_bytes / GIB) == expected
    assert budget.workers * budget.worker_bytes <= machine * GIB / 2


def test_a_lower_limit_for_a_file_holds():
    assert memory_budget(4, GIB, 64 * GIB) == (4, GIB)


def test_a_container_may_have_less_memory_than_the_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CONTAINER_LIMIT", tmp_path / "memory.max")
    physical = machine_memory()
    for content, expected in (("max\n", physical), (f"{2**20}\n", 2**20)):
        (tmp_path / "memory.max").write_text(content)
        assert machine_memory() == expected

"""Reads the next batch in a thread while training computes, so that a slow disk costs no time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Batch = TypeVar("Batch")


class ReadAhead(Generic[Batch]):
    """Calls a pure function of the step one step ahead. One thread makes all calls, one after the other.

    Use it in a `with` statement, which ends the thread.
    """

    def __init__(self, read: Callable[[int], Batch]) -> None:
        self._read = read
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")
        self._step: int | None = None
        self._next: Future[Batch] | None = None

    def __call__(self, step: int) -> Batch:
        """Returns what `read` returns for a step, or raises what it raises."""
        if self._next is None or self._step != step:
            self._next = self._thread.submit(self._read, step)
        batch = self._next.result()
        self._step, self._next = step + 1, self._thread.submit(self._read, step + 1)
        return batch

    def __enter__(self) -> ReadAhead[Batch]:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

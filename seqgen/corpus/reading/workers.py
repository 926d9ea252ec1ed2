"""Reads files from outside in processes that may die, and gives what they hold in the order of the files.

A file can crash a reader written in C++, make it hang, or make it eat all memory. Each costs exactly that file: its
worker is killed and replaced.

    caller ── Readers.read(sources) ── one thread a worker ── pipes ── worker.py
"""

from __future__ import annotations

import json
import os
import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from seqgen.contract.capabilities import MAX_FILE_BYTES
from seqgen.contract.domain import Domain
from seqgen.corpus.reading.channel import Reading, unpack
from seqgen.corpus.reading.child import Child
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.spool import Spooled
from seqgen.errors import PluginError

START_SECONDS = 120
LOOK_AHEAD = 4
Task = Literal["encode", "prompt", "predict", "learn", "inspect"]


@dataclass(frozen=True)
class Limits:
    """What one file may cost; of a domain that reads in pieces, what each part may, and a file may have any size."""

    seconds: float = 60
    memory_bytes: int = 4 * 2**30
    file_bytes: int = MAX_FILE_BYTES
    answer_bytes: int = 2**30


class Readers:
    """A pool of workers that read and encode files of one domain; a context manager, on leaving which they are gone.

    Raises PluginError when a worker cannot import the domain's class.
    """

    def __init__(
        self,
        domain: Domain[Any],
        *,
        limits: Limits | None = None,
        workers: int | None = None,
        task: Task = "encode",
        spool: Path | None = None,
    ) -> None:
        """Makes the pool; a process starts when it is first needed.

        task:  "encode", "prompt" and "predict" give documents, of files that are read for training, as a prompt, or for
               answers; "learn" gives the observations of each document, "inspect" what a file says about open settings
        spool: the folder on disk for the documents of large files; the system's temporary folder if None
        """
        limits = limits or Limits()
        start = _start_message(domain, limits, task)
        count = workers or os.cpu_count() or 1
        self._workers = [_Worker(start, limits, domain, spool) for _ in range(count)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(count, "seqgen-reader")

    def read(self, sources: Iterable[Source]) -> Iterator[tuple[Source, Reading]]:
        """What each file holds, in the order of `sources`; few files are read ahead of the one that is given.

        Raises PluginError when a worker cannot make the domain.
        """
        pending: deque[tuple[Source, Future[Reading]]] = deque()
        for source in sources:
            pending.append((source, self._threads.submit(self._read, source)))
            if len(pending) > LOOK_AHEAD * len(self._workers):
                yield from self._first(pending)
        while pending:
            yield from self._first(pending)

    def _first(self, pending: deque[tuple[Source, Future[Reading]]]) -> Iterator[tuple[Source, Reading]]:
        source, reading = pending.popleft()
        yield source, reading.result()
        source.release()

    def _read(self, source: Source) -> Reading:
        if source.reason is not None:
            return Reading(reason=source.reason)
        worker = self._idle.get()
        try:
            return worker.read(source.path)
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """Kills the workers, whatever they are doing."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.interrupt()
        # Each thread now meets the end of its pipe; only then may the pipes' descriptors be given back.
        self._threads.shutdown(wait=True)
        for worker in self._workers:
            worker.discard()

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_documents(domain: Domain[Any], paths: Iterable[Path], task: Task = "encode") -> Iterator[tuple[Path, Reading]]:
    """Yields what each of a few files holds, read in a worker process. Raises PluginError as `Readers` does."""
    with Readers(domain, workers=1, task=task) as readers:
        for source, reading in readers.read(Source(Path(path), Path(path).name) for path in paths):
            yield source.path, reading


class _Worker:
    """One place in the pool: a process that is started when it is first needed, and again after each death."""

    def __init__(self, start: bytes, limits: Limits, domain: Domain[Any], spool: Path | None) -> None:
        self._start_message = start
        self._limits = limits
        self._spool = spool
        self._name = domain.name
        self._vocabulary_size = len(domain.vocabulary)
        self._child: Child | None = None
        self._closed = False
        self._lock = threading.Lock()

    def read(self, path: Path) -> Reading:
        """What a file holds, or why it cannot be said. Raises PluginError when the domain cannot be made."""
        used = self._child is not None
        reading = self._try(path)
        if reading is None and used:
            # An earlier file may have left the process broken; this one must not pay for it.
            reading = self._try(path)
        return reading or Reading(reason="the reader crashed")

    def _try(self, path: Path) -> Reading | None:
        """What a file holds, or None when the process died over it."""
        child = self._child or self._start()
        spooled = Spooled(self._spool, self._vocabulary_size)
        try:
            child.send(os.fsencode(path))
            while True:
                body = child.receive(self._limits.seconds, self._limits.answer_bytes)
                part = unpack(body, self._vocabulary_size)
                if not (part.more or spooled.parts):
                    return part
                spooled.add(part, body)
                if not part.more:
                    return spooled.reading()
        except TimeoutError:
            self.discard()
            return Reading(reason=f"took longer than {self._limits.seconds:g} s")
        except (EOFError, ValueError, OSError, RecursionError):
            self.discard()
            return None

    def interrupt(self) -> None:
        """Kills the process for good, from another thread than the one that may be waiting for it."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.kill()

    def discard(self) -> None:
        """Kills the process and forgets it; the next file starts another."""
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.close()

    def _start(self) -> Child:
        with self._lock:
            if self._closed:
                raise EOFError("the pool is closed")
            child = self._child = Child("seqgen.corpus.reading.worker")
        try:
            child.send(self._start_message)
            fault = child.receive(START_SECONDS, self._limits.answer_bytes).decode(errors="replace")
        except (EOFError, ValueError, OSError) as error:
            fault = f"its process ended with {type(error).__name__}"
        if fault:
            self.discard()
            raise PluginError(f"The domain {self._name!r} cannot be made in a process of its own: {fault}.")
        return child


def _start_message(domain: Domain[Any], limits: Limits, task: Task) -> bytes:
    made = type(domain)
    if made.__module__ == "__main__" or "<locals>" in made.__qualname__:
        raise PluginError(
            f"The domain {made.__qualname__} is defined in {made.__module__}, from where the processes that read files "
            "cannot import it; move it to the top level of a module of its own."
        )
    job = {
        "module": made.__module__,
        "qualname": made.__qualname__,
        "settings": domain.settings.model_dump(mode="json"),
        "vocabulary": list(domain.vocabulary.names[2:]),
        "state": dict(domain.state),
        "task": task,
        "seconds": limits.seconds,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
    }
    return json.dumps(job).encode()

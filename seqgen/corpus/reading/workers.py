"""Reads files from outside in processes that may die, and returns their content in the order of the files.

A file can crash a reader written in C++, make it hang, or make it use all memory. Then only that file is lost: its
worker is killed and replaced.

    caller ── WorkerPool.read(sources) ── one thread a worker ── pipes ── worker.py
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from seqgen.contract.capabilities import MAX_FILE_BYTES
from seqgen.contract.domain import Domain
from seqgen.contract.guarding import plugin_of
from seqgen.contract.plugins import broken, report_broken_plugins
from seqgen.corpus.reading.channel import FileContent, deserialize, printable_lines
from seqgen.corpus.reading.child import Child
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting
from seqgen.corpus.reading.memory_budget import machine_memory, memory_budget
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.spool import SpooledContent
from seqgen.errors import PluginError, PluginFailure, printable

MAX_START_SECONDS = 120
FILES_READ_AHEAD = 4
"""The number of files for each worker."""
Task = Literal["encode", "prompt", "predict", "learn", "inspect"]


OnFailure = Callable[[PluginFailure], None]


def report_failure(failure: PluginFailure) -> None:
    """Prints a failure of a plugin to standard error, once. Raises it if SEQGEN_STRICT_PLUGINS is 1."""
    with report_broken_plugins():
        raise failure


def ignore_failure(failure: PluginFailure) -> None:
    """Does nothing."""


@dataclass(frozen=True)
class Limits:
    """What one file may cost. If a domain reads a file in parts, the limits are for each part, and it has any size.

    memory_bytes: the limit for one worker. It is lower if all workers together would get more than half of the memory.
    """

    seconds: float = 60
    memory_bytes: int = 4 * 2**30
    file_bytes: int = MAX_FILE_BYTES
    answer_bytes: int = 2**30


class WorkerPool:
    """Workers that read and encode files of one domain. It is a context manager, which ends the workers.

    Raises PluginError if a worker cannot import or make the domain.
    """

    def __init__(
        self,
        domain: Domain[Any],
        *,
        limits: Limits | None = None,
        workers: int | None = None,
        task: Task = "encode",
        spool: Path | None = None,
        cutting: Cutting = NOTHING_IS_CUT,
        on_failure: OnFailure = report_failure,
    ) -> None:
        """A process starts when it is first needed.

        workers: the greatest number of processes; by default one for each core, fewer if memory is short
        task:    "encode", "prompt" and "predict" return documents, of files that are read for training, as a prompt, or
                 for answers; "learn" returns an observation of each document, "inspect" what a file says about open
                 settings
        spool:   the folder for the documents of large files; by default the system's temporary folder
        cutting: which documents are cut inside
        on_failure: is called with each failure of the plugin, which costs an item or a file
        """
        self._on_failure = on_failure
        limits = limits or Limits()
        budget = memory_budget(workers or os.cpu_count() or 1, limits.memory_bytes, machine_memory())
        limits = replace(limits, memory_bytes=budget.worker_bytes)
        job = _job(domain, limits, task, cutting)
        self._workers = [_Worker(job, limits, domain, spool, len(cutting.shares)) for _ in range(budget.workers)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(budget.workers, "seqgen-reader")

    def read(self, sources: Iterable[Source]) -> Iterator[tuple[Source, FileContent]]:
        """Yields the content of each file, in the order of `sources`. A few files are read ahead.

        Raises PluginError if a worker cannot make the domain.
        """
        pending: deque[tuple[Source, Future[FileContent]]] = deque()
        for source in sources:
            pending.append((source, self._threads.submit(self._read, source)))
            if len(pending) > FILES_READ_AHEAD * len(self._workers):
                yield from self._first(pending)
        while pending:
            yield from self._first(pending)

    def _first(self, pending: deque[tuple[Source, Future[FileContent]]]) -> Iterator[tuple[Source, FileContent]]:
        source, future = pending.popleft()
        content = future.result()
        for summary, failure in content.failures.items():
            self._on_failure(failure.error(summary))
        yield source, content
        source.release()

    def _read(self, source: Source) -> FileContent:
        if source.reason is not None:
            return FileContent(reason=source.reason)
        worker = self._idle.get()
        try:
            return worker.read(source.path)
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """Kills the workers."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.interrupt()
        # Each thread now meets the end of its pipe. Only then may the descriptors of the pipes be reused.
        self._threads.shutdown(wait=True)
        for worker in self._workers:
            worker.discard()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_documents(
    domain: Domain[Any], paths: Iterable[Path], task: Task = "encode"
) -> Iterator[tuple[Path, FileContent]]:
    """Yields the content of each of a few files, read in a worker process. Raises PluginError as `WorkerPool` does.

    The caller treats the failures that the contents have.
    """
    with WorkerPool(domain, workers=1, task=task, on_failure=ignore_failure) as pool:
        for source, content in pool.read(Source(Path(path), Path(path).name) for path in paths):
            yield source.path, content


class _Worker:
    """One process of the pool. It starts when it is first needed, and again after it has died."""

    def __init__(self, job: bytes, limits: Limits, domain: Domain[Any], spool: Path | None, part_count: int) -> None:
        """`part_count` is the number of parts of a document that is cut inside."""
        self._job = job
        self._part_count = part_count
        self._limits = limits
        self._spool = spool
        self._plugin = plugin_of(type(domain))
        # A file can be at fault too. So only a plugin that does not come with seqgen is named.
        is_bundled = domain.plugin is None or domain.plugin.is_bundled
        self._culprit = "" if is_bundled else f" in the plugin {domain.plugin}"
        self._vocabulary_size = len(domain.vocabulary)
        self._child: Child | None = None
        self._closed = False
        self._lock = threading.Lock()

    def read(self, path: Path) -> FileContent:
        """Returns the content of a file, or why there is none. Raises PluginError if the domain cannot be made."""
        is_used = self._child is not None
        content = self._try(path)
        if content is None and is_used:
            # An earlier file may have damaged the process, so this file gets a new one.
            content = self._try(path)
        return content or FileContent(reason=f"the reader crashed{self._culprit}")

    def _try(self, path: Path) -> FileContent | None:
        """Returns the content of a file, or None if the process died."""
        child = self._child or self._start()
        spooled = SpooledContent(self._spool, self._vocabulary_size)
        try:
            child.send(os.fsencode(path))
            while True:
                body = child.receive(self._limits.seconds, self._limits.answer_bytes)
                part = deserialize(body, self._vocabulary_size)
                if any(len(one.part_lengths) not in (0, self._part_count) for one in part.documents):
                    raise ValueError("a document is cut into another number of parts")
                if not (part.more or spooled.part_count):
                    return part
                spooled.add(part, body)
                if not part.more:
                    return spooled.content()
        except TimeoutError:
            self.discard()
            return FileContent(reason=f"took longer than {self._limits.seconds:g} s{self._culprit}")
        except (EOFError, ValueError, OSError, RecursionError):
            self.discard()
            return None

    def interrupt(self) -> None:
        """Kills the process for good. Another thread may be waiting for the process."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.kill()

    def discard(self) -> None:
        """Kills the process. The next file starts another."""
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
            child.send(self._job)
            answer = child.receive(MAX_START_SECONDS, self._limits.answer_bytes).decode(errors="replace")
            sentence, traceback = json.loads(answer) if answer else ("", "")
        except (EOFError, ValueError, OSError) as error:
            sentence, traceback = f"its process ended with {type(error).__name__}", ""
        if sentence:
            self.discard()
            fault = broken(self._plugin, f"cannot be used in a process of its own: {printable(str(sentence))}")
            fault.add_note(printable_lines(str(traceback)))
            raise fault
        return child


def _job(domain: Domain[Any], limits: Limits, task: Task, cutting: Cutting) -> bytes:
    kind = type(domain)
    if kind.__module__ == "__main__" or "<locals>" in kind.__qualname__:
        raise PluginError(
            f"The domain {kind.__qualname__} is defined in {kind.__module__}, from where worker processes cannot "
            "import it; move it to the top level of a module of its own."
        )
    job = {
        "module": kind.__module__,
        "qualname": kind.__qualname__,
        "plugin": dataclasses.astuple(plugin_of(kind)),
        "settings": domain.settings.model_dump(mode="json"),
        "vocabulary": list(domain.vocabulary.names[2:]),
        "state": dict(domain.state),
        "task": task,
        "cutting": cutting.to_json(),
        "seconds": limits.seconds,
        "memory_bytes": limits.memory_bytes,
        "file_bytes": limits.file_bytes,
    }
    return json.dumps(job).encode()

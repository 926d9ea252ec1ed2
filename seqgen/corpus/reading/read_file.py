"""A source file after it was read: what a corpus needs of it, wherever it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.corpus.reading.channel import FileContent
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting
from seqgen.corpus.reading.sources import Source, sha256
from seqgen.corpus.reading.workers import Limits, Task, WorkerPool


@dataclass(frozen=True)
class ReadFile:
    """A source file and its content.

    name:   as that of its Source
    stamp:  sizes and modification times of the file and its companions
    split:  the split that the user named it for, if any
    sha256: of the file, in hexadecimal; None if it could not be opened, or if it was read to learn from
    """

    name: str
    stamp: list[int]
    split: str | None
    sha256: str | None
    content: FileContent


@dataclass(frozen=True)
class ReadingPass:
    """One pass over the files of a corpus.

    task:    "learn" returns an observation of each document, "encode" returns the documents
    cutting: which documents are cut inside
    """

    domain: Domain[Any]
    task: Task
    cutting: Cutting = NOTHING_IS_CUT


def open_pool(reading: ReadingPass, folder: Path, limits: Limits | None, workers: int | None = None) -> WorkerPool:
    """Returns the worker processes that read for one pass.

    folder:  for the documents of large files
    workers: the number of processes; by default one for each core
    """
    return WorkerPool(
        reading.domain, limits=limits, workers=workers, task=reading.task, spool=folder, cutting=reading.cutting
    )


def read_sources(pool: WorkerPool, reading: ReadingPass, sources: Iterator[Source]) -> Iterator[ReadFile]:
    """Reads files with the workers of a pass, and yields them in order. Raises PluginError as `WorkerPool` does."""
    for source, content in pool.read(sources):
        checksum = _checksum(source) if reading.task == "encode" else None
        yield ReadFile(source.name, source.stamp, source.split, checksum, content)


def _checksum(source: Source) -> str | None:
    try:
        return None if source.reason else sha256(source.path)
    except OSError:
        return None

"""Records the progress of a long job on disk, so that a process that is killed loses the work of a few files only.

A job is a folder of files that only grow, and grow together. After each step a log gets the sizes of those that have
grown. Whoever opens the folder again finds each file as it was after the last whole step. This holds if the process
dies at any moment. A power cut may lose the whole job.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

LOG = "grown.jsonl"


class Stamped(Protocol):
    """A source file, read or not: its name, and a stamp that changes with its content."""

    @property
    def name(self) -> str: ...

    @property
    def stamp(self) -> list[int]: ...


StampedFile = TypeVar("StampedFile", bound=Stamped)


class JournalMismatch(Exception):
    """The folder does not fit the files that are to be read: it is damaged, or the files have changed."""


class Journal:
    """The files of a job in a folder. Raises JournalMismatch if they are shorter than the log says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._grown: dict[str, int] = {}
        for line in _read_log(folder / LOG):
            self._sizes |= line
        for name, size in self._sizes.items():
            if not (folder / name).is_file() or (folder / name).stat().st_size < size:
                raise JournalMismatch
        self._log = open(folder / LOG, "ab")  # noqa: SIM115 (closed by `close`)

    def open(self, name: str) -> IO[bytes]:
        """Opens one of the files for appending. It is as it was after the last step, or empty."""
        if name not in self._files:
            file = self._files[name] = open(self.folder / name, "ab")  # noqa: SIM115 (closed by `close`)
            file.truncate(self._sizes.get(name, 0))
            file.seek(0, 2)
        return self._files[name]

    def finish(self, name: str) -> Path:
        """Closes a file that will not grow any more, and returns its path."""
        file = self._files.pop(name)
        self._grown[name] = file.tell()
        file.close()
        return self.folder / name

    def commit(self) -> None:
        """Ends a step."""
        for name, file in self._files.items():
            file.flush()
            self._grown[name] = file.tell()
        line = {name: size for name, size in self._grown.items() if self._sizes.get(name) != size}
        if line:
            self._log.write(json.dumps(line).encode() + b"\n")
            self._log.flush()
            self._sizes |= line
        self._grown = {}

    def close(self) -> None:
        """Closes the files. What was written since the last commit is forgotten. Raises OSError if the disk is full."""
        with ExitStack() as stack:
            for file in (*self._files.values(), self._log):
                stack.callback(file.close)
        self._files = {}


class ProcessedFiles:
    """The source files that one pass is done with, with details about each. They are in a file of a journal.

    count: how many there were when the file was opened
    """

    def __init__(self, journal: Journal, name: str) -> None:
        self._file = journal.open(name)
        self._path = journal.folder / name
        self.count = sum(1 for _ in self.details())

    def details(self) -> Iterator[dict[str, Any]]:
        """Yields the name, the stamp and the details of each file, in order."""
        with open(self._path, encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    def skip(self, sources: Iterator[StampedFile]) -> Iterator[StampedFile]:
        """Yields the files that are not processed. Raises JournalMismatch if the processed ones are not the first."""
        for line in self.details():
            source = next(sources, None)
            if source is None or [source.name, source.stamp] != [line["name"], line["stamp"]]:
                raise JournalMismatch
        yield from sources

    def add(self, source: Stamped, **details: Any) -> None:
        """Adds a file."""
        line = {"name": source.name, "stamp": source.stamp, **details}
        self._file.write(json.dumps(line).encode() + b"\n")


def _read_log(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the lines of the log, and cuts off an incomplete last line. Raises JournalMismatch for a damaged line."""
    if not path.is_file():
        return
    size = 0
    with open(path, "rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            size += len(line)
            try:
                yield json.loads(line)
            except ValueError:
                raise JournalMismatch from None
    with open(path, "ab") as file:
        file.truncate(size)

"""What has been done of a long job, on disk while it is done: a process that is killed loses a few files' work.

A job is a folder of files that only grow, and grow together. After each step the sizes of those that have grown are
appended to a log; whoever opens the folder again finds each file as it was when the last step was whole. This holds
when the process dies, at any moment; a power cut may cost the whole job.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from seqgen.corpus.reading.sources import Source

LOG = "grown.jsonl"


class Changed(Exception):
    """The folder does not fit to the files that are to be read: they are not those from before the interruption."""


class Journal:
    """The files of a job in a folder. Raises Changed where they are shorter than they were."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, IO[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._grown: dict[str, int] = {}
        for line in _whole_lines(folder / LOG):
            self._sizes |= line
        for name, size in self._sizes.items():
            if not (folder / name).is_file() or (folder / name).stat().st_size < size:
                raise Changed
        self._log = open(folder / LOG, "ab")  # noqa: SIM115 (closed by `close`)

    def open(self, name: str) -> IO[bytes]:
        """One of the files, for appending: as it was after the last step, or empty."""
        if name not in self._files:
            file = self._files[name] = open(self.folder / name, "ab")  # noqa: SIM115 (closed by `close`)
            file.truncate(self._sizes.get(name, 0))
            file.seek(0, 2)
        return self._files[name]

    def finish(self, name: str) -> Path:
        """Says that a file will not grow any more; gives its path."""
        file = self._files.pop(name)
        self._grown[name] = file.tell()
        file.close()
        return self.folder / name

    def commit(self) -> None:
        """Says that a step is whole."""
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
        """Gives back the files; what was not committed is forgotten."""
        for file in (*self._files.values(), self._log):
            file.close()
        self._files = {}


class Stage:
    """One pass over the files: which of them are done with, and what was said of each. It is a file of a journal."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._file = journal.open(name)
        self._path = journal.folder / name
        self.done = sum(1 for _ in self.lines())

    def lines(self) -> Iterator[dict[str, Any]]:
        """What was said of each file, in order."""
        with open(self._path, encoding="utf-8") as lines:
            yield from map(json.loads, lines)

    def rest(self, sources: Iterator[Source]) -> Iterator[Source]:
        """The files after those that are done; raises Changed where those are not the first of `sources`."""
        for line in self.lines():
            source = next(sources, None)
            if source is None or [source.name, source.stamp] != [line["name"], line["stamp"]]:
                raise Changed
        yield from sources

    def add(self, source: Source, **told: Any) -> None:
        """Says that a file is done with."""
        line = {"name": source.name, "stamp": source.stamp, **told}
        self._file.write(json.dumps(line).encode() + b"\n")


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of the log, without one that was cut off; that is cut away. Raises Changed for a damaged one."""
    if not path.is_file():
        return
    whole = 0
    with open(path, "rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                yield json.loads(line)
            except ValueError:
                raise Changed from None
    with open(path, "ab") as file:
        file.truncate(whole)

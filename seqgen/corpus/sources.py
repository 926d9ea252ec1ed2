"""Which files a corpus is made of: files and folders, walked in a fixed order.

Hidden files are left out, and a folder that a link leads back to is entered once. A file that is named is taken
whatever its ending: its reader says what it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from seqgen.errors import CorpusError

Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and of what: "files", "files to learn from", "bytes"."""
Visited = set[tuple[int, int]]


class Source(NamedTuple):
    """A file, what it is called (its path below the folder that was given, or its own name), and the side it is for."""

    path: Path
    name: str
    side: str | None = None


HeldOut = Mapping[str, Iterable[Path]]
"""By side, "valid" or "test", the files and folders that were named for it."""


def walk_sides(sources: Iterable[Path], held_out: HeldOut, endings: tuple[str, ...]) -> Iterator[Source]:
    """The files of `sources` and of `held_out`. What is held out comes first: of copies, the first one is kept."""
    for side in sorted(held_out):
        yield from (source._replace(side=side) for source in walk(held_out[side], endings))
    yield from walk(sources, endings)


def walk(sources: Iterable[Path], endings: tuple[str, ...]) -> Iterator[Source]:
    """The files of `sources`, those in folders sorted and only with one of the `endings` (none: all).

    Raises CorpusError for a source that does not exist or is neither file nor folder.
    """
    visited: Visited = set()
    for source in map(Path, sources):
        if source.is_dir():
            for path in _below(source, endings, visited):
                yield Source(path, path.relative_to(source).as_posix())
        elif source.is_file():
            yield Source(source, source.name)
        elif source.exists():
            raise CorpusError(f"{source} is neither a file nor a folder; name files or folders of them.")
        else:
            raise CorpusError(f"{source} does not exist; check how it is spelled.")


def _below(folder: Path, endings: tuple[str, ...], visited: Visited) -> Iterator[Path]:
    try:
        status = folder.stat()
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise CorpusError(f"The folder {folder} cannot be read ({error.strerror}); check its permissions.") from error
    if (status.st_dev, status.st_ino) in visited:
        return
    visited.add((status.st_dev, status.st_ino))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _below(entry, endings, visited)
        elif entry.is_file() and (not endings or entry.name.lower().endswith(endings)):
            yield entry


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

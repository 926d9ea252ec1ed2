"""Which files a corpus is made of: files, folders and archives, walked in a fixed order.

Hidden files are left out, and a folder that a link leads back to is entered once. A file that is named is taken
whatever its ending: its reader says what it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from seqgen.corpus.reading.archives import Member, is_archive, members, place_of
from seqgen.corpus.reading.channel import printable
from seqgen.corpus.reading.companions import Companions, no_companions, unpack_together
from seqgen.errors import CorpusError

Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and of what: "files", "files to learn from", "bytes"."""
HeldOut = Mapping[str, Iterable[Path]]
"""By split, "valid" or "test", the files, folders and archives that were named for it."""
Visited = set[tuple[int, int]]


class Source(NamedTuple):
    """A file.

    path:    where it is
    name:    what it is called: its path below the folder that was given, or its own name; archive.zip/inner/name
    reason:  why it cannot be read, where that is known already
    archive: the archive that it was taken from, if it was
    copy:    the folder that was made for it then, which `release` removes
    side:    the split that it was named for, if it was
    companions: the files beside it that are read together with it
    """

    path: Path
    name: str
    reason: str | None = None
    archive: Path | None = None
    copy: Path | None = None
    side: str | None = None
    companions: tuple[Path, ...] = ()

    @property
    def stamp(self) -> list[int]:
        """The size and the time of the last change of the file, or of its archive, and of its companions."""
        return [number for path in (self.archive or self.path, *self.companions) for number in _stamp(path)]

    def release(self) -> None:
        """Says that nobody will read it again."""
        if self.copy is not None:
            shutil.rmtree(self.copy, ignore_errors=True)


def walk(
    sources: Iterable[Path],
    endings: tuple[str, ...],
    into: Path | None = None,
    wanted: Callable[[int], bool] = lambda number: True,
    held_out: HeldOut | None = None,
    companions: Companions = no_companions,
) -> Iterator[Source]:
    """The files of `sources`, those in folders sorted, in archives in their own order; with one of `endings` (or none).

    Those of `held_out` come first: of copies, the first one is kept.
    A file of an archive is put below the folder `into` when it is asked for, if `wanted(number)`, the number of files
    before it; else it is only named. Raises CorpusError for a source that does not exist or is neither file nor folder.
    """
    number = 0

    def target() -> Path | None:
        return target_of(number)

    def target_after(first: int, more: int) -> Path | None:
        return target_of(first + more)

    def target_of(number: int) -> Path | None:
        return place_of(into, f"unpacked-{number}/{stem}") if into is not None and wanted(number) else None

    for path, name, side in _all_found(sources, held_out or {}, endings, companions):
        if not is_archive(path.name) or (endings and path.name.lower().endswith(endings)):
            yield Source(path, name, side=side, companions=tuple(path.with_name(one) for one in companions(path)))
            number += 1
            continue
        # A file at the root of an archive stands in a folder called as the archive, which may be its label.
        stem = path.name.split(".")[0] or "archive"
        unpacked: Iterator[tuple[Member, tuple[Path, ...]]]
        if companions is no_companions:
            unpacked = ((member, ()) for member in members(path, endings, target))
        else:
            unpacked = unpack_together(path, endings, companions, partial(target_after, number))
        for member, beside in unpacked:
            inner = f"{name}/{printable(member.name, None)}" if member.name else name
            place = target()
            yield Source(member.path or path, inner, member.reason, path, place and place.parent, side, beside)
            number += 1


def _all_found(sources: Iterable[Path], held_out: HeldOut, endings: tuple[str, ...], companions: Companions
               ) -> Iterator[tuple[Path, str, str | None]]:  # fmt: skip
    """Files and archives, what they are called, and the split that they were named for."""
    for side in sorted(held_out):
        yield from ((path, name, side) for path, name in _found(held_out[side], endings, companions))
    yield from ((path, name, None) for path, name in _found(sources, endings, companions))


def _found(sources: Iterable[Path], endings: tuple[str, ...], companions: Companions) -> Iterator[tuple[Path, str]]:
    visited: Visited = set()
    for source in map(Path, sources):
        if source.is_dir():
            for path in _below(source, endings, companions, visited):
                yield path, printable(path.relative_to(source).as_posix(), None)
        elif source.is_file():
            yield source, printable(source.name, None)
        elif source.exists():
            raise CorpusError(f"{source} is neither a file nor a folder; name files or folders of them.")
        else:
            raise CorpusError(f"{source} does not exist; check how it is spelled.")


def _below(folder: Path, endings: tuple[str, ...], companions: Companions, visited: Visited) -> Iterator[Path]:
    try:
        status = folder.stat()
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise CorpusError(f"The folder {folder} cannot be read ({error.strerror}); check its permissions.") from error
    if (status.st_dev, status.st_ino) in visited:
        return
    visited.add((status.st_dev, status.st_ino))
    read = [name for name in names if not endings or name.lower().endswith(endings)]
    read_with_others = {other for name in read for other in companions(folder / name)}
    for name in names:
        if name.startswith(".") or name in read_with_others:
            continue
        entry = folder / name
        if entry.is_dir():
            yield from _below(entry, endings, companions, visited)
        elif entry.is_file() and (not endings or name.lower().endswith(endings) or is_archive(name)):
            yield entry


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return [-1, -1]
    return [status.st_size, status.st_mtime_ns]


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

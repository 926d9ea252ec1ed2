"""Lists the files of a corpus: files, folders and archives, in a fixed order.

A file that the user names is taken whatever its ending. `folder_walk.py` says which files of a folder are taken.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from seqgen.corpus.reading.archives import Member, is_archive, members, target_path
from seqgen.corpus.reading.companions import Companions, no_companions, unpack_together
from seqgen.corpus.reading.folder_walk import FolderWalk, has_ending
from seqgen.errors import CorpusError, printable

BuildProgress = Callable[[int, int, str], None]
"""A callback (done, total, unit). The unit is "files", "files to learn from" or "bytes".

Very many files are listed first: the unit is "files listed", and the total, which is not known yet, is 0.
"""
FILES_PER_REPORT = 10_000


class Source(NamedTuple):
    """A file.

    path:          where it is
    name:          its path below the folder that the user named, or its own name; archive.zip/inner/name
    reason:        why it cannot be read, if that is known already
    archive:       the archive that contains it, if one does
    unpack_folder: the folder that was made for it if it was unpacked; `release` removes it
    split:         the split that the user named it for, if any
    companions:    the files beside it that are read together with it
    """

    path: Path
    name: str
    reason: str | None = None
    archive: Path | None = None
    unpack_folder: Path | None = None
    split: str | None = None
    companions: tuple[Path, ...] = ()

    @property
    def stamp(self) -> list[int]:
        """Returns sizes and modification times of the file (or its archive) and its companions."""
        return [number for path in (self.archive or self.path, *self.companions) for number in _stamp(path)]

    def release(self) -> None:
        """Removes the unpacked file. It is called when nobody reads the file again."""
        if self.unpack_folder is not None:
            shutil.rmtree(self.unpack_folder, ignore_errors=True)


class NamedFile(NamedTuple):
    """A file or an archive below what the user named, its name, and why it is not read, if that is known already."""

    path: Path
    name: str
    reason: str | None


@dataclass(frozen=True)
class SourceFiles:
    """The files that a corpus is made of.

    paths:      files, folders and archives
    endings:    the endings of the files that are taken from folders and archives; if empty, all files
    held_out:   by split ("valid" or "test"), the files, folders and archives that the user named for it
    companions: names the files that are read together with a file
    """

    paths: Sequence[Path]
    endings: tuple[str, ...] = ()
    held_out: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    companions: Companions = no_companions

    def walk(
        self, unpack_folder: Path | None = None, is_needed: Callable[[int], bool] = lambda number: True
    ) -> Iterator[Source]:
        """Yields the files: those of folders sorted, those of archives in the archive's order.

        Held-out files come first, because the first of several duplicates is kept. A file of an archive is unpacked
        below `unpack_folder` when it is yielded, if `is_needed(number)`, the number of files before it. Otherwise it
        is only named. Raises CorpusError for a source that does not exist or is neither file nor folder.
        """
        number = 0

        def folder_of(number: int, stem: str) -> Path | None:
            if unpack_folder is None or not is_needed(number):
                return None
            return target_path(unpack_folder, f"unpacked-{number}/{stem}")

        for (path, name, reason), split in self._walk_all():
            if reason is not None:
                yield Source(path, name, reason, split=split)
                number += 1
            elif is_archive(path.name) and not (self.endings and self._matches(path.name)):
                # A file at the root of an archive gets a folder with the name of the archive, which may be its label.
                stem = path.name.split(".")[0] or "archive"
                for source in self._walk_archive(path, name, split, number, partial(folder_of, stem=stem)):
                    yield source
                    number += 1
            else:
                companions = tuple(path.with_name(other) for other in self.companions(path))
                yield Source(path, name, split=split, companions=companions)
                number += 1

    def count(self, progress: Callable[[int], None] = lambda count: None) -> int:
        """Returns the number of files, without unpacking any. `progress` gets each FILES_PER_REPORT-th count."""
        count = 0
        for count, _ in enumerate(self.walk(), 1):
            if count % FILES_PER_REPORT == 0:
                progress(count)
        return count

    def _walk_archive(
        self, archive: Path, name: str, split: str | None, number: int, folder_of: Callable[[int], Path | None]
    ) -> Iterator[Source]:
        unpacked: Iterator[tuple[Member, tuple[Path, ...]]]
        if self.companions is no_companions:
            unpacked = ((member, ()) for member in members(archive, self.endings, lambda: folder_of(number)))
        else:
            first = number
            unpacked = unpack_together(archive, self.endings, self.companions, lambda more: folder_of(first + more))
        for member, companions in unpacked:
            inner = f"{name}/{printable(member.name)}" if member.name else name
            folder = folder_of(number)
            yield Source(
                member.path or archive, inner, member.reason, archive, folder and folder.parent, split, companions
            )
            number += 1

    def _walk_all(self) -> Iterator[tuple[NamedFile, str | None]]:
        """Yields each file or archive with the split that the user named it for."""
        for split in sorted(self.held_out):
            yield from ((file, split) for file in self._walk_paths(self.held_out[split]))
        yield from ((file, None) for file in self._walk_paths(self.paths))

    def _walk_paths(self, paths: Iterable[Path]) -> Iterator[NamedFile]:
        visited: set[tuple[int, int]] = set()
        for source in map(Path, paths):
            if source.is_dir():
                for path, reason in FolderWalk(source, self.endings, self.companions, visited):
                    yield NamedFile(path, printable(path.relative_to(source).as_posix()), reason)
            elif source.is_file():
                yield NamedFile(source, printable(source.name), None)
            elif source.exists():
                raise CorpusError(f"{source} is neither a file nor a folder; name files or folders of them.")
            else:
                raise CorpusError(f"{source} does not exist; check how it is spelled.")

    def _matches(self, name: str) -> bool:
        return has_ending(name, self.endings)


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return [-1, -1]
    return [status.st_size, status.st_mtime_ns]


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal. Raises OSError."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The process that opens archives: `python -P -m seqgen.corpus.reading.unpacker`.

It gets a job, and then for each file of the archive the folder to unpack it into, or nothing if the file is only named.
It answers with the name of the file and, if it refuses the file, the reason; with {} for a file that nobody asks for;
and with `end` after the last file, or if the disk is full. No name in an archive leads out of the folder. Links and
devices are refused. The size of what is unpacked is limited by the size of the archive.

zip and tar.{gz,bz2,xz} are read from beginning to end, one file at a time. Only zip's list of names is in memory.
"""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from seqgen.corpus.reading.archives import is_archive, target_path
from seqgen.corpus.reading.child import Parent, limit_memory

CHUNK_BYTES = 2**20
MAX_RATIO, ALWAYS_ALLOWED_BYTES = 200, 2**26
"""An archive may unpack to this many times its size, or to this many bytes. Music and text shrink to about a tenth."""
MAX_MEMBER_BYTES = 2**31
MAX_MEMBERS = 250_000
"""How many files an archive may have. The largest public collection of MIDI files has 178 561."""
MIN_LOCAL_HEADER_BYTES = 30
"""The size of the header before each file of a zip archive, without its name."""
DAMAGED = (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError)


class FileRefused(Exception):
    """Why a file of an archive is not read."""


class ArchiveBomb(Exception):
    """Why nothing more of an archive is read."""


def check_count(count: int) -> None:
    """Raises ArchiveBomb if an archive has too many files."""
    if count > MAX_MEMBERS:
        raise ArchiveBomb(f"an archive of more than {MAX_MEMBERS} files; unpack it and name the folder")


class SizeLimit:
    """Counts what an archive unpacks to. Raises ArchiveBomb if it is too much."""

    def __init__(self, archive: Path) -> None:
        self._left = MAX_RATIO * archive.stat().st_size + ALWAYS_ALLOWED_BYTES

    def count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ArchiveBomb(f"an archive that unpacks to more than {MAX_RATIO} times its size")


class LimitedStream(io.RawIOBase):
    """An unpacked stream whose size is counted. `tail` is the end of what was read last."""

    def __init__(self, stream: IO[bytes], limit: SizeLimit) -> None:
        self._stream = stream
        self._limit = limit
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._limit.count(len(content))
        self.tail = content[-tarfile.BLOCKSIZE :] or self.tail
        return content


class ArchiveEntry(NamedTuple):
    """One file of an archive: its name, why it cannot be read, and how it is opened."""

    name: str
    reason: str | None
    open: Callable[[], Any]


def main() -> None:
    parent = Parent()
    try:
        job = json.loads(parent.receive())
        limit_memory(job["memory_bytes"])
        files, answer = entries(Path(job["archive"])), dict[str, Any]()
        while "end" not in answer:
            folder = os.fsdecode(parent.receive())
            answer = next_answer(files, tuple(job["endings"]), folder)
            parent.send(json.dumps(answer).encode())
    except (EOFError, BrokenPipeError):
        pass  # The parent is done.


def next_answer(files: Iterator[ArchiveEntry], endings: tuple[str, ...], folder: str) -> dict[str, Any]:
    """Returns the answer about the next file, or about the end of the archive and why it is not sound."""
    try:
        entry = next(files, None)
        return {"end": True, "reason": None} if entry is None else answer_about(entry, endings, folder)
    except ArchiveBomb as error:
        return {"end": True, "reason": str(error)}
    except MemoryError:
        return {"end": True, "reason": "an archive that needs too much memory"}
    except PermissionError:
        return {"end": True, "reason": "an archive that may not be read"}
    except DAMAGED:
        return {"end": True, "reason": "a damaged archive"}


def answer_about(entry: ArchiveEntry, endings: tuple[str, ...], folder: str) -> dict[str, Any]:
    """Returns the answer about one file, and unpacks it into `folder` unless that is empty."""
    parts = [part for part in entry.name.split("/") if part not in ("", ".")]
    name = "/".join(parts)
    if not is_asked_for(parts, endings):
        return {}
    reason = entry.reason
    if reason is None and ".." in parts:
        reason = "a name that leads out of its archive"
    if reason is None and is_archive(name):
        reason = "an archive within an archive"
    if reason is None and folder:
        try:
            unpack(entry, target_path(Path(folder), name))
        except FileRefused as error:
            reason = str(error)
        except (NotImplementedError, RuntimeError):
            reason = "packed in a way that is not read"
        except DAMAGED as error:
            if getattr(error, "errno", None):
                return {"end": True, "reason": None, "fault": str(error)}
            # The other files of a zip archive may be sound. A tar archive ends here, which the next answer says.
            reason = "damaged in its archive"
    return {"name": name, "reason": reason}


def is_asked_for(parts: list[str], endings: tuple[str, ...]) -> bool:
    """Whether a walk through folders would take a file of this name: it is not hidden and has one of the endings."""
    if not parts or "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts):
        return False
    return not endings or parts[-1].lower().endswith(endings) or is_archive(parts[-1])


def entries(archive: Path) -> Iterator[ArchiveEntry]:
    """Yields the files of an archive in its own order, without folders. Raises ArchiveBomb, DAMAGED or MemoryError."""
    limit = SizeLimit(archive)
    yield from zip_entries(archive, limit) if archive.name.lower().endswith(".zip") else tar_entries(archive, limit)


def zip_entries(archive: Path, limit: SizeLimit) -> Iterator[ArchiveEntry]:
    with zipfile.ZipFile(archive) as opened:
        check_count(len(opened.infolist()))
        if _overlap(opened.infolist()):
            raise ArchiveBomb("an archive whose files overlap")
        for info in opened.infolist():
            if info.is_dir():
                continue
            kind = info.external_attr >> 28
            reason = "a link" if kind == 0o12 else "neither file nor folder" if kind not in (0, 0o10) else None
            if info.flag_bits & 1:
                reason = "encrypted"
            # The size that the archive declares; no more is read. So an archive ends at the same file whether its files
            # are unpacked or, when an interrupted build continues, only named.
            limit.count(info.file_size)
            yield ArchiveEntry(info.filename, reason, partial(opened.open, info))


def _overlap(infos: list[zipfile.ZipInfo]) -> bool:
    """Whether two files share bytes of the archive, so that a small archive holds many large files (Fifield 2019)."""
    spans = sorted((info.header_offset, info.compress_size) for info in infos)
    return any(
        following < offset + MIN_LOCAL_HEADER_BYTES + size
        for (offset, size), (following, _) in itertools.pairwise(spans)
    )


def tar_entries(archive: Path, limit: SizeLimit) -> Iterator[ArchiveEntry]:
    with open(archive, "rb") as raw, decompress(raw) as decompressed:
        stream = LimitedStream(decompressed, limit)
        with tarfile.open(fileobj=stream, mode="r|") as opened:
            for count, info in enumerate(opened, 1):
                check_count(count)
                # The library keeps a list that would grow with the archive.
                opened.members.clear()  # type: ignore[attr-defined]
                if info.isdir():
                    continue
                reason = "a link" if info.islnk() or info.issym() else None
                if reason is None and (not info.isreg() or info.issparse()):
                    reason = "neither file nor folder"
                yield ArchiveEntry(info.name, reason, partial(opened.extractfile, info))
        # The library takes anything that is not a header for the end. The true end is zeros.
        if any(stream.tail):
            raise tarfile.ReadError


def decompress(raw: IO[bytes]) -> Any:
    """Returns a file that decompresses `raw`, chosen by its first bytes; `raw` itself if it is not compressed."""
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(raw)
    if magic.startswith(b"BZh"):
        return bz2.open(raw)
    return lzma.open(raw) if magic == b"\xfd7zXZ\0" else raw


def unpack(entry: ArchiveEntry, target: Path) -> None:
    """Writes a file of an archive to `target`. Raises FileRefused if it is too large, and what the archive raises."""
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with entry.open() as source, open(target, "wb") as file:
        while chunk := source.read(CHUNK_BYTES):
            size += len(chunk)
            if size > MAX_MEMBER_BYTES:
                raise FileRefused(f"larger than {MAX_MEMBER_BYTES // 2**30} GiB")
            file.write(chunk)


if __name__ == "__main__":
    main()

"""The process in which archives are opened: `python -P -m seqgen.corpus.reading.unpacker`.

It gets a job, then for each file of the archive the folder into which it shall be put, or nothing where it shall only
be named. It answers with the file's name and, where it was refused, the reason; with {} for whatever is of no interest;
and with `end` after the last, or where the disk is full. No name in an archive leads out of that folder, links and
devices are refused, and what an archive unpacks to is counted against its size.

zip and tar.{gz,bz2,xz} are read from beginning to end, one file at a time; in memory is at most zip's list of names.
"""

from __future__ import annotations

import bz2
import gzip
import io
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

from seqgen.corpus.reading.archives import is_archive, place_of
from seqgen.corpus.reading.child import Parent, limit_memory

PIECE_BYTES = 2**20
MOST_RATIO, FREE_BYTES = 200, 2**26
"""So many times its own size an archive may unpack to, and that much in any case. Music and prose shrink to a tenth."""
MOST_FILE_BYTES = 2**31
DAMAGED = (OSError, EOFError, ValueError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError)


class Refused(Exception):
    """Why a file of an archive is not read."""


class Bomb(Exception):
    """Why nothing more of an archive is read."""


class Meter:
    """Counts what an archive unpacks to; raises Bomb when that is more than it can honestly hold."""

    def __init__(self, archive: Path) -> None:
        self._left = MOST_RATIO * archive.stat().st_size + FREE_BYTES

    def count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Bomb(f"an archive that unpacks to more than {MOST_RATIO} times its size")


class Metered(io.RawIOBase):
    """An unpacked stream, metered. `tail` is the end of what was read last."""

    def __init__(self, stream: IO[bytes], meter: Meter) -> None:
        self._stream = stream
        self._meter = meter
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._meter.count(len(content))
        self.tail = content[-tarfile.BLOCKSIZE :] or self.tail
        return content


class Entry(NamedTuple):
    """One file of an archive: its name, why it cannot be read, and how it is opened."""

    name: str
    reason: str | None
    open: Callable[[], Any]


def main() -> None:
    parent = Parent()
    try:
        job = json.loads(parent.receive())
        limit_memory(job["memory_bytes"])
        found, answer = entries(Path(job["archive"])), dict[str, Any]()
        while "end" not in answer:
            target = os.fsdecode(parent.receive())
            answer = next_answer(found, tuple(job["endings"]), target)
            parent.send(json.dumps(answer).encode())
    except (EOFError, BrokenPipeError):
        pass  # the other end is done


def next_answer(found: Iterator[Entry], endings: tuple[str, ...], target: str) -> dict[str, Any]:
    """What is said of the next file; that there is no other, and why where the archive is not sound."""
    try:
        entry = next(found, None)
        return {"end": True, "reason": None} if entry is None else answered(entry, endings, target)
    except Bomb as error:
        return {"end": True, "reason": str(error)}
    except MemoryError:
        return {"end": True, "reason": "an archive that needs too much memory"}
    except PermissionError:
        return {"end": True, "reason": "an archive that may not be read"}
    except DAMAGED:
        return {"end": True, "reason": "a damaged archive"}


def answered(entry: Entry, endings: tuple[str, ...], target: str) -> dict[str, Any]:
    """What is said of a file, which is put into the folder `target` where that is not empty."""
    parts = [part for part in entry.name.split("/") if part not in ("", ".")]
    name = "/".join(parts)
    if not is_wanted(parts, endings):
        return {}
    reason = entry.reason
    if reason is None and ".." in parts:
        reason = "a name that leads out of its archive"
    if reason is None and is_archive(name):
        reason = "an archive within an archive"
    if reason is None and target:
        try:
            unpack(entry, place_of(Path(target), name))
        except Refused as error:
            reason = str(error)
        except (NotImplementedError, RuntimeError):
            reason = "packed in a way that is not read"
        except DAMAGED as error:
            if getattr(error, "errno", None):
                return {"end": True, "reason": None, "fault": str(error)}
            # Of a zip archive the other files may be sound; a tar archive ends here, which the next answer says.
            reason = "damaged in its archive"
    return {"name": name, "reason": reason}


def is_wanted(parts: list[str], endings: tuple[str, ...]) -> bool:
    """Whether a walk through folders would look at a file of this name: not hidden, and with one of the endings."""
    if not parts or "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts):
        return False
    return not endings or parts[-1].lower().endswith(endings) or is_archive(parts[-1])


def entries(archive: Path) -> Iterator[Entry]:
    """The files of an archive in its own order, folders left out; raises Bomb, DAMAGED or MemoryError."""
    meter = Meter(archive)
    yield from zip_entries(archive, meter) if archive.name.lower().endswith(".zip") else tar_entries(archive, meter)


def zip_entries(archive: Path, meter: Meter) -> Iterator[Entry]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if info.is_dir():
                continue
            kind = info.external_attr >> 28
            reason = "a link" if kind == 0o12 else "neither file nor folder" if kind not in (0, 0o10) else None
            if info.flag_bits & 1:
                reason = "encrypted"
            # By what it says it holds, of which no more is read: so it is stopped at the same file whether files are
            # unpacked or, going on with an interrupted build, only named.
            meter.count(info.file_size)
            yield Entry(info.filename, reason, partial(opened.open, info))


def tar_entries(archive: Path, meter: Meter) -> Iterator[Entry]:
    with open(archive, "rb") as raw, unpacked(raw) as stream:
        metered = Metered(stream, meter)
        with tarfile.open(fileobj=metered, mode="r|") as opened:
            for info in opened:
                # The list that the library keeps would grow with the archive.
                opened.members.clear()  # type: ignore[attr-defined]
                if info.isdir():
                    continue
                reason = "a link" if info.islnk() or info.issym() else None
                if reason is None and (not info.isreg() or info.issparse()):
                    reason = "neither file nor folder"
                yield Entry(info.name, reason, partial(opened.extractfile, info))
        # The library takes whatever is no header for the end, which is zeros.
        if any(metered.tail):
            raise tarfile.ReadError


def unpacked(raw: IO[bytes]) -> Any:
    """What a compressed file holds, by its first bytes; the file itself where it is not compressed."""
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open(raw)
    if magic.startswith(b"BZh"):
        return bz2.open(raw)
    return lzma.open(raw) if magic == b"\xfd7zXZ\0" else raw


def unpack(entry: Entry, target: Path) -> None:
    """Writes a file of an archive as `target`; raises Refused when it is too large, or what the archive raises."""
    done = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with entry.open() as source, open(target, "wb") as file:
        while piece := source.read(PIECE_BYTES):
            done += len(piece)
            if done > MOST_FILE_BYTES:
                raise Refused(f"larger than {MOST_FILE_BYTES // 2**30} GiB")
            file.write(piece)


if __name__ == "__main__":
    main()

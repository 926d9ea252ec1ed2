"""Unpacks zip and tar archives, one file at a time. A process that may die opens them (unpacker.py)."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seqgen.corpus.reading.channel import short_text
from seqgen.corpus.reading.child import Child
from seqgen.errors import OutputError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MAX_MEMORY_BYTES = 2**30
MAX_NAME_LENGTH = 60
MAX_SECONDS = 120
"""The time limit for one file of an archive."""
MAX_ARCHIVE_SECONDS = 1800
"""The time limit for opening and unpacking all files of an archive. Reading the files does not count."""
MAX_ANSWER_BYTES = 2**20


class Member(NamedTuple):
    """A file of an archive.

    name:   its name in the archive; "" stands for the archive as a whole
    path:   the unpacked file; None if it was not unpacked
    reason: why it was refused; None if it was not
    """

    name: str
    path: Path | None
    reason: str | None


def is_archive(name: str) -> bool:
    """Whether a file with this name is opened as an archive."""
    return name.lower().endswith(ENDINGS)


def target_path(folder: Path, name: str) -> Path:
    """Returns where in `folder` a file of an archive is unpacked.

    The file keeps its name and the name of its folder, which may be its label. Both are cleaned, so that no name leads
    out of `folder`.
    """
    parts = name.split("/")[-2:]
    return folder.joinpath(*(re.sub(r"^[.]+$|[^\w .()+-]", "_", part)[-MAX_NAME_LENGTH:] for part in parts))


def members(archive: Path, endings: tuple[str, ...], next_folder: Callable[[], Path | None]) -> Iterator[Member]:
    """Yields the files of an archive that have one of the `endings` (if empty: all files), in the archive's order.

    `next_folder()` is called before each file. It returns the folder to unpack the file into, or None to only name it.
    Raises OutputError if a file cannot be written.
    """
    child, seconds = Child("seqgen.corpus.reading.unpacker"), 0.0
    try:
        job = {"archive": os.fspath(archive), "endings": endings, "memory_bytes": MAX_MEMORY_BYTES}
        child.send(json.dumps(job).encode())
        while True:
            folder, started = next_folder(), time.monotonic()
            child.send(b"" if folder is None else os.fsencode(folder))
            answer = json.loads(child.receive(MAX_SECONDS, MAX_ANSWER_BYTES))
            seconds += time.monotonic() - started
            if seconds > MAX_ARCHIVE_SECONDS:
                yield Member(
                    "", None, f"an archive that takes longer than {MAX_ARCHIVE_SECONDS / 60:g} minutes to unpack"
                )
                return
            if answer.get("fault"):
                raise OutputError(
                    f"The files of {archive} cannot be unpacked ({answer['fault']}); free some space and repeat the "
                    "call, which continues where it stopped."
                )
            if answer.get("end"):
                if answer["reason"]:
                    yield Member("", None, short_text(answer["reason"]))
                return
            if answer:
                yield _member(answer, folder)
    except TimeoutError:
        yield Member("", None, f"took longer than {MAX_SECONDS} s")
    except (EOFError, ValueError, KeyError, TypeError, OSError):
        yield Member("", None, "a damaged archive")
    finally:
        child.close()


def _member(answer: dict[str, Any], folder: Path | None) -> Member:
    name, reason = answer["name"], answer["reason"]
    path = target_path(folder, name) if folder and reason is None else None
    return Member(name, path, reason and short_text(reason))

"""The files in zip and tar archives, given one at a time: opened in a process that may die (unpacker.py)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from seqgen.corpus.reading.channel import printable
from seqgen.corpus.reading.child import Child
from seqgen.errors import OutputError

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
MEMORY_BYTES = 2**30
MOST_LETTERS = 60
SECONDS = 120
"""For one file of an archive, wanted or not."""
ANSWER_BYTES = 2**20


class Member(NamedTuple):
    """A file of an archive: its name there ("" for the archive as a whole), the path where it was put, if it was, and
    why it was refused, if it was."""

    name: str
    path: Path | None
    reason: str | None


def is_archive(name: str) -> bool:
    """Whether a file of this name is taken for an archive."""
    return name.lower().endswith(ENDINGS)


def place_of(folder: Path, name: str) -> Path:
    """Where in `folder` a file of an archive is put: as itself, in a folder called as its own, which may be its label.

    Both names are made harmless, so that no name leads elsewhere.
    """
    return folder.joinpath(*(re.sub(r"^[.]+$|[^\w .()+-]", "_", part)[-MOST_LETTERS:] for part in name.split("/")[-2:]))


def members(archive: Path, endings: tuple[str, ...], target: Callable[[], Path | None]) -> Iterator[Member]:
    """The files of an archive that have one of the `endings` (none: all), in its own order.

    Before each, `target()` gives the folder into which it is put, or None where it shall only be named. Raises
    OutputError when it cannot be put there.
    """
    child = Child("seqgen.corpus.reading.unpacker")
    try:
        job = {"archive": os.fspath(archive), "endings": endings, "memory_bytes": MEMORY_BYTES}
        child.send(json.dumps(job).encode())
        while True:
            place = target()
            child.send(b"" if place is None else os.fsencode(place))
            answer = json.loads(child.receive(SECONDS, ANSWER_BYTES))
            if answer.get("fault"):
                raise OutputError(f"The files of {archive} cannot be unpacked ({answer['fault']}); free some space.")
            if answer.get("end"):
                if answer["reason"]:
                    yield Member("", None, printable(answer["reason"]))
                return
            if answer:
                yield _member(answer, place)
    except TimeoutError:
        yield Member("", None, f"took longer than {SECONDS} s")
    except (EOFError, ValueError, KeyError, TypeError, OSError):
        yield Member("", None, "a damaged archive")
    finally:
        child.close()


def _member(answer: dict[str, Any], place: Path | None) -> Member:
    name, reason = answer["name"], answer["reason"]
    path = place_of(place, name) if place and reason is None else None
    return Member(name, path, reason and printable(reason))

"""Files that are whole or not there: written under a temporary name beside the target, flushed to disk, renamed.

After the rename the folder is flushed as well, or a power cut could undo it (see the notes of fsync(2)). A temporary
file is locked while it is written. So a file that nobody has locked was left by a process that was killed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seqgen.errors import OutputError

UNFINISHED = ".unfinished-"
"""How the name of a file that is being written begins."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a temporary path with the target's ending to write to; it becomes `path` when the block ends well.

    Nothing is left behind when the block fails. Its permissions follow the umask. Raises OutputError where the disk
    refuses (full, read-only).
    """
    path = Path(path)
    temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    try:
        # A file system without locks refuses here and in `remove_unfinished`, which then removes nothing.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield temporary
        flush(temporary)
        os.replace(temporary, path)
        flush(path.parent)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}; free some space or choose another place."
        ) from error
    finally:
        os.close(descriptor)
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def flush(path: Path) -> None:
    """Makes a file's content, or a folder's list of names, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Removes the files in `folder` that a process had begun to write when it was killed. Raises OSError."""
    for path in folder.glob(f"{UNFINISHED}*"):
        with suppress(FileNotFoundError, BlockingIOError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

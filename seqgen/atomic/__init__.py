"""Files that are whole or not there: written under a temporary name beside the target, flushed to disk, renamed.

After the rename the folder is flushed as well, or a power cut could undo it (see the notes of fsync(2)).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqgen.errors import OutputError

UNFINISHED = ".unfinished-"
"""How the name of a file that is being written begins."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Gives a temporary path with the target's ending to write to; it becomes `path` when the block ends well.

    Nothing is left behind when the block fails. Raises OutputError where the disk refuses (full, read-only).
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        flush(temporary)
        os.replace(temporary, path)
        flush(path.parent)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}; free some space or choose another place."
        ) from error
    finally:
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
    """Removes what a process that was killed had begun to write in `folder`; nobody else may be writing there."""
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)

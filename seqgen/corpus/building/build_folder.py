"""The hidden folder in which a corpus grows, and from which an interrupted build continues."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seqgen.errors import OutputError
from seqgen.files import flush, write_text
from seqgen.files.stored_files import FolderInUse, locked_folder

TASK = "task.json"


def hidden_folder(out: Path) -> Path:
    """Returns the folder in which the corpus grows that becomes `out`."""
    return out.with_name(f".{out.name}.unfinished")


def check_free(out: Path) -> None:
    """Raises OutputError unless `out` does not exist or is an empty folder that can be replaced."""
    if not out.name or out.is_symlink() or os.path.ismount(out):
        raise OutputError(f"{out} cannot be replaced by a new folder; name one that does not exist yet.")
    if (out / "manifest.json").exists():
        raise OutputError(f"{out} already holds a corpus; remove it or choose another folder.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is not an empty folder; choose another one.")


@contextmanager
def resumable_folder(out: Path, task: Mapping[str, Any]) -> Iterator[Path]:
    """Yields a folder to fill, which becomes `out` at the end of the block.

    It is as an interrupted process left it if the `task` is the same, and otherwise empty. An error removes it, but an
    interruption and a disk that is full or fails do not. Raises OutputError for such a disk, and if another process
    fills the folder.
    """
    folder = hidden_folder(out)
    text = json.dumps({"seqgen": importlib.metadata.version("seqgen-framework"), **task})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked_folder(folder):
            try:
                if _read_text(folder / TASK) != text:
                    clear(folder)
                    write_text(folder / TASK, text)
                yield folder
                (folder / TASK).unlink(missing_ok=True)
                for path in [*folder.iterdir(), folder]:
                    flush(path)
                os.rename(folder, out)
                flush(out.parent)
            except (OSError, OutputError, sqlite3.OperationalError):
                raise  # The disk is full or failed. What was read until then is kept.
            except Exception:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    except FolderInUse as error:
        raise OutputError(f"{out} is being built by another process; wait, or choose another folder.") from error
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{out} cannot be written: {reason}; free some space and repeat the call, which continues where it "
            "stopped, or choose another place."
        ) from error


def clear(folder: Path) -> None:
    """Removes everything from a folder except the description of its task."""
    keep_only(folder, {TASK})


def keep_only(folder: Path, names: Iterable[str]) -> None:
    """Removes the files and folders in `folder` that have other names."""
    for path in folder.iterdir():
        if path.name in names:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None

"""What a plugin writes is there completely or not at all."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from seqgen.contract.domain import Domain
from seqgen.contract.guarding import failure, plugin_of


def write_item(domain: Domain[Any], item: Any, path: Path) -> list[Path]:
    """Writes an item to `path` with the domain's own ending added, and returns the files.

    Raises OutputError, and PluginFailure if the plugin fails or names files that are not there.
    """
    with no_half_files(path):
        files = domain.write(item, path)
    check_files(domain, "write", files)
    return files


def check_files(domain: Domain[Any], method: str, files: Sequence[Path]) -> None:
    """Raises PluginFailure if a method names no files, or files that are not there."""
    missing = [file.name for file in files if not file.is_file()]
    if missing or not files:
        named = f"the file {missing[0]}, which is not there" if missing else "no files"
        raise failure(plugin_of(type(domain)), f"returns from {method} {named}")


@contextmanager
def no_half_files(path: Path) -> Iterator[None]:
    """Removes the new files whose names begin with that of `path` if an error leaves the block."""
    before = set(_files_of(path))
    try:
        yield
    except BaseException:
        for file in set(_files_of(path)) - before:
            with suppress(OSError):
                file.unlink()
        raise


def _files_of(path: Path) -> list[Path]:
    return [file for file in path.parent.glob(f"{glob.escape(path.name)}.*") if file.is_file()]

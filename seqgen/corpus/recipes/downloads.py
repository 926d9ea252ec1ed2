"""Files from the network: fetched once into the user's cache, and used only when their SHA-256 is the one expected."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path

from seqgen.corpus.reading.sources import BuildProgress, sha256
from seqgen.errors import CorpusError, OutputError
from seqgen.files import atomic_write

TIMEOUT_SECONDS = 30
PIECE_BYTES = 2**20


def cache_folder() -> Path:
    """Returns the folder of fetched and derived files (XDG Base Directory Specification).

    Raises OutputError for a user without a home.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "seqgen"
    except RuntimeError as error:
        raise OutputError("There is no home folder to keep files in; name a folder in XDG_CACHE_HOME.") from error


def fetch(url: str, digest: str, size: int, target: Path, progress: BuildProgress | None = None) -> Path:
    """Fetches the file at `url`, of `size` bytes and with the SHA-256 `digest`, to `target`.

    It is not fetched again if it is there.

    Raises CorpusError when it cannot be had, or is another file; then there is no `target`.
    """
    if target.is_file() and sha256(target) == digest:
        return target
    with atomic_write(target) as temporary:
        try:
            found = _copy(url, size, temporary, progress)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CorpusError(
                f"{url} cannot be fetched ({error}); check the connection, or put the file at {target}."
            ) from error
        if found != digest:
            raise CorpusError(f"{url} is another file than it was (its SHA-256 is {found}); it is not used.")
    return target


def _copy(url: str, size: int, target: Path, progress: BuildProgress | None) -> str:
    """Writes what is at `url` to `target` and gives its SHA-256; raises ValueError past `size` bytes."""
    hashed, done = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer, open(target, "wb") as file:
        while part := answer.read(PIECE_BYTES):
            done += len(part)
            if done > size:
                raise ValueError(f"it is larger than {size} bytes")
            file.write(part)
            hashed.update(part)
            if progress:
                progress(done, size, "bytes")
    return hashed.hexdigest()


def unzip(archive: Path, members: Sequence[str], folder: Path) -> list[Path]:
    """Members of a zip archive as files in `folder`; raises CorpusError when one is not there or damaged."""
    extracted = []
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in members:
                target = folder / Path(member).name
                if not target.is_file() or target.stat().st_size != opened.getinfo(member).file_size:
                    with opened.open(member) as inside, atomic_write(target) as temporary, open(temporary, "wb") as out:
                        shutil.copyfileobj(inside, out, PIECE_BYTES)
                extracted.append(target)
    except (KeyError, zipfile.BadZipFile) as error:
        raise CorpusError(
            f"{archive} does not hold what its recipe says ({error}); remove it to fetch it again."
        ) from error
    return extracted

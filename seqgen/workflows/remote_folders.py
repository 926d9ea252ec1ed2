"""Files and folders in other places: s3://, gs://, or anything that fsspec opens.

Each has a local copy below the user's cache. What is read is fetched before, and what is written is sent afterwards, so
all other code sees local files only. Of a folder that is fetched again, only the files that have changed are. A
corpus is sent with its manifest last, so it is there completely or not at all. Credentials and endpoints are those of
fsspec's own configuration and of the environment.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from seqgen.corpus.reading.sources import BuildProgress
from seqgen.corpus.recipes.downloads import cache_folder
from seqgen.errors import CorpusError, OutputError, SeqgenError, UsageError
from seqgen.files import write_text
from seqgen.files.stored_files import FolderInUse, locked_folder

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
FILES_AT_ONCE = 256
"""So many files are fetched or sent together. Many stores are fast only at many files at a time."""
STAMPS = ("size", "ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "updated", "created")
"""What the stores say about a file that changes with its content."""
LAST = "manifest.json"
"""The file that makes a folder a corpus. It is sent when all others are there."""


def is_remote(place: Path | str) -> bool:
    """Whether a place is an address such as s3://bucket/folder."""
    return isinstance(place, str) and SCHEME.match(place) is not None


def local_copies(places: Sequence[Path | str], progress: BuildProgress | None = None) -> list[Path | str]:
    """Returns the places with the fetched copy of each remote one. Raises as `RemoteFolder.fetch`."""
    return [RemoteFolder(str(place)).fetch(progress) if is_remote(place) else place for place in places]


class RemoteFolder:
    """A remote folder or file, and its local copy.

    url:  its address
    path: the local copy, which has the same name
    """

    def __init__(self, url: str) -> None:
        """Raises UsageError if fsspec, or what it needs for this kind of address, is not installed."""
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise UsageError(f"{url} needs fsspec; install it with pip install 'seqgen-framework[remote]'.") from None
        try:
            self._fs, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"{url} cannot be opened ({error}); check the address, or install what it needs."
            ) from error
        self.url = url.rstrip("/")
        self._root = str(root).rstrip("/")
        self._folder = cache_folder() / "remote" / hashlib.sha256(self.url.encode()).hexdigest()[:32]
        name = PurePosixPath(self._root).name
        self.path = self._folder / "files" / (name if name not in ("", "..") else "root")

    def fetch(self, progress: BuildProgress | None = None, *, may_be_missing: bool = False) -> Path:
        """Fetches what has changed since the last call, and returns the local copy.

        Files that were only written here and not sent yet are kept. Raises CorpusError if there is nothing, unless that
        `may_be_missing`, or if it cannot be read, and OutputError if the disk has too little space.
        """
        with self._locked(), self._errors(CorpusError, "read"):
            found = self._listing()
            if not found and not may_be_missing:
                raise CorpusError(f"{self.url} does not exist or is empty; check the address.")
            state = self._read_state()
            for name in state.keys() - found.keys():
                self._local(name).unlink(missing_ok=True)
            state = {name: entry for name, entry in state.items() if name in found}
            changed = [
                name
                for name in found
                if name not in state or state[name][0] != _stamp(found[name]) or not self._local(name).is_file()
            ]
            self._check_space(sum(found[name]["size"] for name in changed))
            total, done = sum(found[name]["size"] for name in changed), 0
            # A file that is only partly here has no entry with a stamp.
            state |= dict.fromkeys(changed, ("", 0, 0))
            self._write_state(state)
            try:
                for batch in _batches(changed):
                    for name in batch:
                        self._local(name).parent.mkdir(parents=True, exist_ok=True)
                    self._fs.get([self._remote(name) for name in batch], [str(self._local(name)) for name in batch])
                    for name in batch:
                        state[name] = (_stamp(found[name]), *self._local_stamp(name))
                        done += found[name]["size"]
                    if progress:
                        progress(done, total, "bytes")
            finally:
                self._write_state(state)
        return self.path

    def begin(self, call: Mapping[str, Any]) -> None:
        """Prepares the local copy for a new corpus. An earlier one stays if the same `call` has made it, but not sent.

        Raises OutputError if there are files already at the address.
        """
        text = json.dumps(call, sort_keys=True)
        with self._locked(), self._errors(OutputError, "written"):
            names = self._listing().keys()
            if LAST in names:
                raise OutputError(f"{self.url} already holds a corpus; remove it or choose another place.")
            is_same = _read_text(self._folder / "call.json") == text
            if not is_same:
                if names:
                    raise OutputError(f"{self.url} is not empty; remove what is there or choose another place.")
                shutil.rmtree(self.path, ignore_errors=True)
                self._write_state({})
                write_text(self._folder / "call.json", text)

    def send(self) -> None:
        """Sends what has changed here since it was fetched or sent, the manifest last. Raises OutputError."""
        with self._locked(), self._errors(OutputError, "written"):
            state = self._read_state()
            names = [path.relative_to(self.path).as_posix() for path in sorted(self.path.rglob("*")) if path.is_file()]
            changed = [name for name in names if tuple(state.get(name, ())[1:]) != self._local_stamp(name)]
            for batch in _batches([name for name in changed if name != LAST]):
                self._fs.put([str(self._local(name)) for name in batch], [self._remote(name) for name in batch])
            if LAST in changed:
                # On a shared disk, a file of this name is never there in part.
                target = self._remote(LAST)
                self._fs.put_file(str(self._local(LAST)), f"{target}.part")
                self._fs.mv(f"{target}.part", target)
            found = self._listing()
            for name in changed:
                if name not in found or found[name]["size"] != self._local(name).stat().st_size:
                    raise OutputError(f"{self.url}/{name} did not arrive completely; repeat the call.")
                state[name] = (_stamp(found[name]), *self._local_stamp(name))
            self._write_state(state)

    def _listing(self) -> dict[str, Any]:
        """Returns what the store says about each file, by its path below the address: "" for a file itself."""
        self._fs.invalidate_cache()
        found = {}
        for path, about in self._fs.find(self._root, detail=True).items():
            name = path.removeprefix(self._root).strip("/")
            if about["type"] != "file" or path.endswith("/"):
                continue
            if ".." in name.split("/"):
                raise CorpusError(f"{self.url} has a file with '..' in its name, which is not fetched; rename it.")
            found[name] = about
        return found

    def _remote(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _local(self, name: str) -> Path:
        return self.path / name if name else self.path

    def _local_stamp(self, name: str) -> tuple[int, int]:
        status = self._local(name).stat()
        return status.st_size, status.st_mtime_ns

    def _check_space(self, size: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if size > free:
            raise OutputError(
                f"{self.url} has {size:,} bytes to fetch, and {self._folder} has {free:,} free; name a larger disk in "
                "XDG_CACHE_HOME."
            )

    def _read_state(self) -> dict[str, tuple[str, int, int]]:
        """Returns for each file that was fetched or sent the stamp of the store, and local size and time."""
        text = _read_text(self._folder / "state.json")
        return {} if text is None else {name: tuple(entry) for name, entry in json.loads(text).items()}

    def _write_state(self, state: Mapping[str, tuple[str, int, int]]) -> None:
        write_text(self._folder / "state.json", json.dumps(state))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with locked_folder(self._folder):
                yield
        except FolderInUse as error:
            raise OutputError(f"{self.url} is being copied by another process; wait until it is done.") from error

    @contextmanager
    def _errors(self, kind: type[SeqgenError], verb: str) -> Iterator[None]:
        """Raises `kind` for any error of the store. Each store has errors of its own."""
        try:
            yield
        except SeqgenError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise kind(
                f"{self.url} cannot be {verb} ({reason}); check the address, the credentials and the connection."
            ) from error


def _stamp(about: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={about[key]}" for key in STAMPS if about.get(key) is not None)


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[begin : begin + FILES_AT_ONCE] for begin in range(0, len(names), FILES_AT_ONCE))


def _read_text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None

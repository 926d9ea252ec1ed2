"""Which contents were met before, and in which file; on disk, because there may be very many."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple


class Copy(NamedTuple):
    """The file that held a document before, and whether that was the very same or only as like as copies are."""

    source: str
    exact: bool


class Copies:
    """A table of digests in the file `path`, which is removed by `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, source TEXT) WITHOUT ROWID")

    def first(self, content: bytes, likeness: bytes, source: str) -> Copy | None:
        """The earlier document with this content, or else this likeness; None where there is none, and then this is
        remembered as one of the file `source`.
        """
        kinds = (b"=" + content, True), (b"~" + likeness, False)
        for digest, exact in kinds:
            found = self._table.execute("SELECT source FROM seen WHERE digest = ?", (digest,)).fetchone()
            if found:
                return Copy(str(found[0]), exact)
        self._table.executemany("INSERT INTO seen VALUES (?, ?)", [(digest, source) for digest, _ in kinds])
        return None

    def close(self) -> None:
        self._table.close()
        self._path.unlink(missing_ok=True)

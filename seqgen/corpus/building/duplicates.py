"""Finds documents that a corpus already has. The table is on disk, because there may be very many documents."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple


class Duplicate(NamedTuple):
    """The file that an earlier document came from, and whether that document is equal or only has the same key."""

    source: str
    is_exact: bool


class DuplicateIndex:
    """A table of digests in the file `path`. `close` removes the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.unlink(missing_ok=True)
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (digest BLOB PRIMARY KEY, source TEXT) WITHOUT ROWID")

    def find_or_add(self, content: bytes, key: bytes, source: str) -> Duplicate | None:
        """Returns the earlier document with this content, or else with this deduplication key.

        If there is none, adds this document, of the file `source`, and returns None.
        """
        kinds = (b"=" + content, True), (b"~" + key, False)
        for digest, is_exact in kinds:
            found = self._table.execute("SELECT source FROM seen WHERE digest = ?", (digest,)).fetchone()
            if found:
                return Duplicate(str(found[0]), is_exact)
        self._table.executemany("INSERT INTO seen VALUES (?, ?)", [(digest, source) for digest, _ in kinds])
        return None

    def close(self) -> None:
        self._table.close()
        self._path.unlink(missing_ok=True)

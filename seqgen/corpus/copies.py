"""Which contents were met before, and in which file; on disk, because there may be very many."""

from __future__ import annotations

import sqlite3
from pathlib import Path


class Copies:
    """A table of digests in the file `path`, which is removed by `close`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (content BLOB PRIMARY KEY, source TEXT) WITHOUT ROWID")

    def first(self, content: bytes, source: str) -> str | None:
        """The file that held the same content before, or None, in which case `source` is remembered."""
        found = self._table.execute("SELECT source FROM seen WHERE content = ?", (content,)).fetchone()
        if found:
            return str(found[0])
        self._table.execute("INSERT INTO seen VALUES (?, ?)", (content, source))
        return None

    def close(self) -> None:
        self._table.close()
        self._path.unlink(missing_ok=True)

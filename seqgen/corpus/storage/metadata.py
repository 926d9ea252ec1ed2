"""The metadata of documents on disk: one JSON object a document, and where each begins.

    metadata.jsonl  one line a document; an empty line for a document without metadata
    metadata.npy    int64[documents + 1], the byte at which each line begins, and the size of the file

A corpus without metadata has neither file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.corpus.storage.journal import Journal
from seqgen.errors import CorpusError

LINES, OFFSETS = "metadata.jsonl", "metadata.npy"
METADATA_FILES = (LINES, OFFSETS)


class MetadataWriter:
    """Writes the metadata of documents in the order in which they are kept; a file of a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._file = journal.open(LINES)

    def add(self, metadata: Mapping[str, Any]) -> None:
        """Adds one document's metadata."""
        self._file.write(json.dumps(dict(metadata)).encode() + b"\n" if metadata else b"\n")

    def finish(self) -> bool:
        """Writes where each line begins. Returns whether any document has metadata."""
        path = self._journal.finish(LINES)
        offsets = [0]
        with open(path, "rb") as lines:
            for line in lines:
                offsets.append(offsets[-1] + len(line))
        if offsets[-1] == len(offsets) - 1:
            return False
        np.save(self._journal.folder / OFFSETS, np.array(offsets, np.int64))
        return True


class StoredMetadata:
    """The metadata of all documents of a corpus, read one at a time. Raises CorpusError for damaged files."""

    def __init__(self, folder: Path, documents: int) -> None:
        self._path = folder / LINES
        try:
            self._offsets = np.load(folder / OFFSETS, allow_pickle=False)
            size = self._path.stat().st_size
        except (OSError, ValueError, EOFError) as error:
            raise CorpusError(f"{folder / OFFSETS} is missing or damaged ({error}); build the corpus again.") from error
        sound = self._offsets.dtype == np.int64 and self._offsets.shape == (documents + 1,)
        if not sound or self._offsets[0] != 0 or self._offsets[-1] != size or (np.diff(self._offsets) < 1).any():
            raise CorpusError(f"{folder / OFFSETS} does not fit {LINES}; build the corpus again.")

    def __getitem__(self, document: int) -> dict[str, Any]:
        first, end = int(self._offsets[document]), int(self._offsets[document + 1])
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            line = os.pread(descriptor, end - first, first)
        finally:
            os.close(descriptor)
        if not line.strip():
            return {}
        try:
            found = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{self._path} is damaged ({error}); build the corpus again.") from error
        if not isinstance(found, dict):
            raise CorpusError(f"{self._path} holds something else than an object; build the corpus again.")
        return found

"""The metadata of documents on disk: one JSON object for each document, and where each begins.

    metadata.jsonl  one line for each document; an empty line for a document without metadata
    metadata.npy    int64[documents + 1], the byte at which each line begins, and the size of the file

A corpus without metadata has neither file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from seqgen.corpus.storage.journal import Journal
from seqgen.errors import CorpusError
from seqgen.files.stored_files import shorten

LINES_FILE, OFFSETS_FILE = "metadata.jsonl", "metadata.npy"
METADATA_FILES = (LINES_FILE, OFFSETS_FILE)


class MetadataWriter:
    """Writes the metadata of documents, in their order, to a file of a journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._file = journal.open(LINES_FILE)

    def add(self, metadata: Mapping[str, Any]) -> None:
        """Adds one document's metadata."""
        self._file.write(json.dumps(dict(metadata)).encode() + b"\n" if metadata else b"\n")

    def finish(self) -> bool:
        """Writes where each line begins, and returns whether any document has metadata."""
        path = self._journal.finish(LINES_FILE)
        offsets = [0]
        with open(path, "rb") as lines:
            for line in lines:
                offsets.append(offsets[-1] + len(line))
        if offsets[-1] == len(offsets) - 1:
            return False
        np.save(self._journal.folder / OFFSETS_FILE, np.array(offsets, np.int64))
        return True


class StoredMetadata:
    """The metadata of all documents of a corpus. Raises CorpusError if a file is damaged."""

    def __init__(self, folder: Path, documents: int) -> None:
        self._path = folder / LINES_FILE
        self._offsets = load_array(folder / OFFSETS_FILE)
        try:
            size = self._path.stat().st_size
        except OSError as error:
            reason = shorten(str(error))
            raise CorpusError(f"{self._path} is missing or damaged ({reason}); build the corpus again.") from error
        fits = self._offsets.dtype == np.int64 and self._offsets.shape == (documents + 1,)
        if not fits or self._offsets[0] != 0 or self._offsets[-1] != size or (np.diff(self._offsets) < 1).any():
            raise CorpusError(f"{folder / OFFSETS_FILE} does not fit {LINES_FILE}; build the corpus again.")

    def __getitem__(self, document: int) -> dict[str, Any]:
        first, end = int(self._offsets[document]), int(self._offsets[document + 1])
        line = read_bytes(self._path, first, end - first)
        if not line.strip():
            return {}
        try:
            found = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{self._path} is damaged ({error}); build the corpus again.") from error
        if not isinstance(found, dict):
            raise CorpusError(f"{self._path} holds something else than an object; build the corpus again.")
        return found


def load_array(path: Path, mmap_mode: Literal["r"] | None = None) -> np.ndarray:
    """Returns the array of a .npy file, mapped into memory with "r". Raises CorpusError."""
    try:
        array: np.ndarray = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except Exception as error:  # NumPy raises errors of many kinds for a damaged header, such as TokenError.
        raise CorpusError(f"{path} is missing or damaged ({shorten(str(error))}); build the corpus again.") from error
    return array


def read_bytes(path: Path, offset: int, size: int) -> bytes:
    """Reads up to `size` bytes of a file from `offset` on. Nothing of the file is kept in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.pread(descriptor, size, offset)
    finally:
        os.close(descriptor)

"""Shards: files of token ids and weights, one document after the other. They are written once and read in parts.

Numbers are read with `pread`. The pages of a memory map count as resident memory, which would then grow with the
corpus.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.corpus.storage.documents import default_weights
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.metadata import load_array, read_bytes
from seqgen.errors import CorpusError

SHARD_TOKENS = 4_000_000


@dataclass(frozen=True)
class StoredArray:
    """A one-dimensional .npy file that is read in parts."""

    path: Path
    dtype: np.dtype[Any]
    data_offset: int

    @classmethod
    def open(cls, path: Path, dtypes: tuple[str, ...], length: int) -> StoredArray:
        """Opens an array of `length` numbers of one of `dtypes`.

        Raises CorpusError if the file is missing, cut short, or of another type or length.
        """
        array: Any = load_array(path, mmap_mode="r")
        if array.dtype.str not in dtypes or array.shape != (length,):
            raise CorpusError(
                f"{path} is damaged: it holds {array.dtype}{list(array.shape)}, its manifest says {length} numbers; "
                "build the corpus again."
            )
        return cls(path, array.dtype, int(array.offset))

    def read(self, first: int, count: int) -> np.ndarray:
        """Returns `count` numbers, beginning with number `first`. Raises CorpusError."""
        size = self.dtype.itemsize
        try:
            raw = read_bytes(self.path, self.data_offset + first * size, count * size)
        except OSError as error:
            reason = error.strerror or error
            raise CorpusError(f"{self.path} cannot be read any more ({reason}); build the corpus again.") from error
        if len(raw) != count * size:
            raise CorpusError(f"{self.path} has become shorter since it was opened; build the corpus again.")
        return np.frombuffer(raw, self.dtype)


@dataclass(frozen=True)
class Shard:
    """The files of one shard that is open for reading."""

    tokens: int
    ids: StoredArray
    weights: StoredArray | None


class ShardWriter:
    """Appends documents to shards on disk.

    shards: what the manifest says about each finished shard; `close` finishes the last one
    """

    def __init__(self, journal: Journal, vocabulary_size: int, shard_tokens: int = SHARD_TOKENS) -> None:
        self._journal = journal
        self._dtypes = {"ids": "<u2" if vocabulary_size <= 2**16 else "<i4", "weights": "<f4"}
        self._shard_tokens = shard_tokens
        # The open shard: the lengths of its documents, their sum, and whether one has other than the default weights.
        self._lengths: list[int] = []
        self._tokens = 0
        self._has_weights = False
        self.shards: list[dict[str, Any]] = []

    def add(self, ids: np.ndarray, weights: np.ndarray) -> bool:
        """Appends a document with ids int32[length] and weights float32[length].

        Returns whether it has other than the default weights. Raises OSError.
        """
        has_weights = not np.array_equal(weights, default_weights(len(ids)))
        self._append("ids", ids)
        if has_weights and not self._has_weights:
            for length in self._lengths:
                self._append("weights", default_weights(length))
        if has_weights or self._has_weights:
            self._append("weights", weights)
        self.count(len(ids), has_weights)
        return has_weights

    def count(self, length: int, has_weights: bool) -> None:
        """Counts a document that is in the open shard already, because an interrupted process appended it."""
        self._lengths.append(length)
        self._tokens += length
        self._has_weights |= has_weights
        if self._tokens >= self._shard_tokens:
            self.close()

    def close(self) -> None:
        """Finishes the open shard."""
        if not self._lengths:
            return
        kinds = ("ids", "weights") if self._has_weights else ("ids",)
        entry: dict[str, Any] = {"ids": self._name("ids"), "tokens": self._tokens}
        if self._has_weights:
            entry["weights"] = self._name("weights")
        for kind in kinds:
            self._journal.open(self._name(kind))
            with open(self._journal.finish(self._name(kind)), "r+b") as file:
                file.write(npy_header(self._dtypes[kind], self._tokens))
        self.shards.append(entry)
        self._lengths, self._tokens, self._has_weights = [], 0, False

    def _name(self, kind: str) -> str:
        return f"{kind}-{len(self.shards):05d}.npy"

    def _append(self, kind: str, numbers: np.ndarray) -> None:
        file = self._journal.open(self._name(kind))
        if not file.tell():
            file.write(npy_header(self._dtypes[kind], 0))
        file.write(numbers.astype(self._dtypes[kind]).tobytes())


def npy_header(dtype: str, count: int) -> bytes:
    """Returns the header of a .npy file of `count` numbers. Its size does not depend on `count`."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": (count,)})
    return header.getvalue()

"""A corpus on disk: shards of token ids, an index of documents, and a manifest that says where they came from.

    manifest.json     what it is: domain, settings, vocabulary, counts, what was dropped and why
    ids-00000.npy     uint16 or int32; documents laid end to end, none of them cut by the end of a shard
    weights-00000.npy float32; only where a document has weights other than 0, 1, 1, …
    documents.npy     (offset int64, length int32, split uint8) a document; offsets count tokens from the first shard
    metadata.jsonl    what is known about each document but not encoded (metadata.py); only if there is something
    sources.jsonl     one line a source file: its SHA-256, the documents kept, what was dropped and why

Documents are read with `pread` one at a time. A memory map would be shorter, but the pages it has touched count as
resident memory, which then grows with the corpus.
"""

from __future__ import annotations

import abc
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.core import INTERFACE_VERSION
from seqgen.contract.vocabulary import Learned, Vocabulary
from seqgen.corpus.storage.journal import Journal
from seqgen.corpus.storage.metadata import StoredMetadata
from seqgen.errors import CorpusError

FORMAT = 2
SPLITS = ("train", "valid", "test")
INDEX = np.dtype([("offset", "<i8"), ("length", "<i4"), ("split", "u1")])
SHARD_TOKENS = 4_000_000


class Documents(abc.ABC):
    """The documents of one split.

    lengths: int32[n]; how many tokens each has, BOS included.
    """

    lengths: np.ndarray

    @abc.abstractmethod
    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Copies of one document's ids int32[length] and weights float32[length]."""

    def __len__(self) -> int:
        return len(self.lengths)

    def metadata(self, number: int) -> dict[str, Any]:
        """What is known about one document but not encoded; {} if nothing is."""
        return {}

    @property
    def total(self) -> int:
        """How many tokens all documents have together."""
        return int(self.lengths.sum(dtype=np.int64))

    @staticmethod
    def from_examples(examples: Sequence[tuple[np.ndarray, np.ndarray]]) -> Documents:
        """Documents that live in memory, from pairs of ids[length] and weights[length]."""
        return _InMemory(examples)


class _InMemory(Documents):
    def __init__(self, examples: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self._examples = [(np.array(ids, np.int32), np.array(weights, np.float32)) for ids, weights in examples]
        self.lengths = np.array([len(ids) for ids, _ in self._examples], np.int32)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        ids, weights = self._examples[number]
        return ids.copy(), weights.copy()


class _Stored(Documents):
    def __init__(
        self,
        shards: list[_Shard],
        offsets: np.ndarray,
        lengths: np.ndarray,
        vocabulary_size: int,
        metadata: StoredMetadata | None,
        rows: np.ndarray,
    ) -> None:
        self.lengths = lengths
        self._metadata = metadata
        self._rows = rows
        self._offsets = offsets
        self._shards = shards
        self._shard_starts = np.cumsum([0] + [shard.tokens for shard in shards])
        self._vocabulary_size = vocabulary_size

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        offset, length = int(self._offsets[number]), int(self.lengths[number])
        place = int(np.searchsorted(self._shard_starts, offset, side="right")) - 1
        shard, first = self._shards[place], offset - int(self._shard_starts[place])
        ids = shard.ids.read(first, length).astype(np.int32)
        if int(ids.max()) >= self._vocabulary_size or int(ids.min()) < 0:
            raise CorpusError(f"{shard.ids.path} is damaged: it holds an id that no token has; build the corpus again.")
        if shard.weights is not None:
            return ids, shard.weights.read(first, length).astype(np.float32)
        return ids, plain_weights(length)

    def metadata(self, number: int) -> dict[str, Any]:
        return {} if self._metadata is None else self._metadata[int(self._rows[number])]


def plain_weights(length: int) -> np.ndarray:
    """The weights float32[length] of a document of which everything but BOS is learned: 0, 1, 1, …"""
    weights = np.ones(length, np.float32)
    weights[:1] = 0
    return weights


@dataclass(frozen=True)
class _Array:
    """A one-dimensional .npy file of which parts can be read."""

    path: Path
    dtype: np.dtype
    data_offset: int

    @classmethod
    def open(cls, path: Path, dtypes: tuple[str, ...], length: int) -> _Array:
        """Raises CorpusError when the file is missing, cut short, or of another type or length."""
        try:
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise CorpusError(f"{path} is missing or damaged ({error}); build the corpus again.") from error
        if array.dtype.str not in dtypes or array.shape != (length,):
            raise CorpusError(
                f"{path} is damaged: it holds {array.dtype}{list(array.shape)}, its manifest says {length} numbers; "
                "build the corpus again."
            )
        return cls(path, array.dtype, int(array.offset))

    def read(self, first: int, count: int) -> np.ndarray:
        size = self.dtype.itemsize
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            raw = os.pread(descriptor, count * size, self.data_offset + first * size)
        finally:
            os.close(descriptor)
        if len(raw) != count * size:
            raise CorpusError(f"{self.path} has become shorter since it was opened; build the corpus again.")
        return np.frombuffer(raw, self.dtype)


@dataclass(frozen=True)
class _Shard:
    tokens: int
    ids: _Array
    weights: _Array | None


class Corpus:
    """A finished corpus.

    path:       its folder
    domain:     the name of the domain that made it
    settings:   the domain's settings, as JSON
    vocabulary: the names of its tokens
    learned:    the vocabulary and the other state that the domain learned
    manifest:   everything that manifest.json says
    """

    def __init__(
        self,
        path: Path,
        manifest: dict[str, Any],
        shards: list[_Shard],
        index: np.ndarray,
        metadata: StoredMetadata | None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.domain: str = manifest["domain"]
        self.settings: dict[str, Any] = manifest["settings"]
        self.vocabulary = Vocabulary(manifest["vocabulary"])
        self.learned = Learned(self.vocabulary, dict(manifest["state"]))
        self._metadata = metadata
        self._shards = shards
        self._index = index

    @classmethod
    def open(cls, path: Path) -> Corpus:
        """Checks the manifest, the shards and the index; raises CorpusError when they do not fit together."""
        path = Path(path)
        manifest = read_manifest(path)
        try:
            shards = []
            for entry in manifest["shards"]:
                tokens = int(entry["tokens"])
                ids = _Array.open(path / Path(entry["ids"]).name, ("<u2", "<i4"), tokens)
                weights = entry.get("weights")
                kept = _Array.open(path / Path(weights).name, ("<f4",), tokens) if weights else None
                shards.append(_Shard(tokens, ids, kept))
            documents = sum(int(split["documents"]) for split in manifest["splits"].values())
            _Array.open(path / "documents.npy", (INDEX.str,), documents)
            index = np.load(path / "documents.npy", allow_pickle=False)
            if index.dtype != INDEX:
                raise ValueError("documents.npy has other fields")
            metadata = StoredMetadata(path, documents) if manifest["has_metadata"] else None
            corpus = cls(path, manifest, shards, index, metadata)
        except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
            raise CorpusError(f"The corpus {path} is damaged ({error}); build it again.") from error
        corpus._check_index()
        return corpus

    def _check_index(self) -> None:
        offsets, lengths, splits = self._index["offset"], self._index["length"].astype(np.int64), self._index["split"]
        total = sum(shard.tokens for shard in self._shards)
        whole = int(lengths.sum()) == total and bool((lengths > 0).all()) and bool((splits < len(SPLITS)).all())
        if not whole or not np.array_equal(offsets, np.cumsum(lengths) - lengths):
            raise CorpusError(f"The index of documents in {self.path} is damaged; build the corpus again.")
        starts = np.cumsum([0] + [shard.tokens for shard in self._shards])
        if not np.isin(starts[:-1], offsets).all():
            raise CorpusError(f"A document in {self.path} is cut by the end of a shard; build the corpus again.")

    def documents(self, split: str) -> Documents:
        """The documents of "train", "valid" or "test", in the order in which they were read."""
        numbers = np.flatnonzero(self._index["split"] == SPLITS.index(split))
        rows = self._index[numbers]
        return _Stored(
            self._shards,
            rows["offset"].copy(),
            rows["length"].copy(),
            len(self.vocabulary),
            self._metadata,
            numbers,
        )

    @property
    def tokens(self) -> int:
        """How many tokens all splits have together."""
        return sum(shard.tokens for shard in self._shards)

    @property
    def dropped(self) -> dict[str, int]:
        """How many files or items were left out, by reason, the most frequent reason first."""
        return dict(self.manifest["dropped"])

    @property
    def remarks(self) -> dict[str, int]:
        """What else the reader had to say, and how often: documents that were cut, columns that were guessed."""
        return dict(self.manifest.get("remarks", {}))

    @property
    def examples(self) -> dict[str, list[str]]:
        """For each reason some files to which it applied, and what was wrong with each where there is more to say."""
        return dict(self.manifest.get("examples", {}))

    def origins(self, split: str, numbers: Sequence[int]) -> list[tuple[str, int]]:
        """Where documents of a split come from: the source file, and which one of those kept from it, from 1."""
        try:
            kept = [(str(line["path"]), int(line["documents"])) for line in self.sources()]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{self.path}/sources.jsonl is damaged ({error}); build the corpus again.") from error
        ends = np.cumsum([count for _, count in kept])
        if not len(ends) or ends[-1] != len(self._index):
            raise CorpusError(f"{self.path}/sources.jsonl tells of other documents; build the corpus again.")
        rows = np.flatnonzero(self._index["split"] == SPLITS.index(split))[list(numbers)]
        which = np.searchsorted(ends, rows, side="right").tolist()
        return [(kept[one][0], int(row - ends[one]) + kept[one][1] + 1) for one, row in zip(which, rows, strict=True)]

    def sources(self) -> Iterator[dict[str, Any]]:
        """What became of each source file, in order: path, sha256, documents, dropped (reason → count)."""
        with open(self.path / "sources.jsonl", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def is_corpus(path: Path) -> bool:
    """Whether a folder is meant to be a corpus; `Corpus.open` says whether it is a sound one."""
    return (path / "manifest.json").is_file()


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the corpus in folder `path`; raises CorpusError when there is none that can be used."""
    try:
        manifest: Any = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(f"{path} is no corpus: it has no manifest.json; make one with 'seqgen build'.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CorpusError(f"{path}/manifest.json cannot be read ({error}); build the corpus again.") from error
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or version != FORMAT:
        raise CorpusError(f"The corpus {path} is of format {version}, this is format {FORMAT}; build it again.")
    interface = manifest.get("interface_version")
    if interface != INTERFACE_VERSION:
        plugin = manifest.get("plugin") or {}
        source = f"{plugin.get('distribution')} {plugin.get('version')}" if plugin else "its plugin"
        raise CorpusError(
            f"The corpus {path} was built by {source} for version {interface} of the plugin interface, this is version "
            f"{INTERFACE_VERSION}; build it again."
        )
    return manifest


class ShardWriter:
    """Lays documents end to end into shards, on disk as they come.

    `shards` is what the manifest says of them, complete after `close`.
    """

    def __init__(self, journal: Journal, vocabulary_size: int, shard_tokens: int = SHARD_TOKENS) -> None:
        self._journal = journal
        self._dtypes = {"ids": "<u2" if vocabulary_size <= 2**16 else "<i4", "weights": "<f4"}
        self._shard_tokens = shard_tokens
        self._lengths: list[int] = []
        """Of the documents in the shard that grows."""
        self._held = 0
        self._weighted = False
        """Whether one of them has weights other than the plain ones."""
        self.shards: list[dict[str, Any]] = []

    def add(self, ids: np.ndarray, weights: np.ndarray) -> bool:
        """Appends a document: ids int32[length], weights float32[length]; gives whether its weights are not plain.

        Raises OSError when the disk refuses.
        """
        weighted = not np.array_equal(weights, plain_weights(len(ids)))
        self._append("ids", ids)
        if weighted and not self._weighted:
            for length in self._lengths:
                self._append("weights", plain_weights(length))
        if weighted or self._weighted:
            self._append("weights", weights)
        self.count(len(ids), weighted)
        return weighted

    def count(self, length: int, weighted: bool) -> None:
        """Takes note of a document that is in the shard: what an interrupted process appended is there already."""
        self._lengths.append(length)
        self._held += length
        self._weighted |= weighted
        if self._held >= self._shard_tokens:
            self.close()

    def close(self) -> None:
        """Ends the shard that grows."""
        if not self._lengths:
            return
        kinds = ("ids", "weights") if self._weighted else ("ids",)
        entry: dict[str, Any] = {"ids": self._name("ids"), "tokens": self._held}
        if self._weighted:
            entry["weights"] = self._name("weights")
        for kind in kinds:
            self._journal.open(self._name(kind))
            with open(self._journal.finish(self._name(kind)), "r+b") as file:
                file.write(npy_header(self._dtypes[kind], self._held))
        self.shards.append(entry)
        self._lengths, self._held, self._weighted = [], 0, False

    def _name(self, kind: str) -> str:
        return f"{kind}-{len(self.shards):05d}.npy"

    def _append(self, kind: str, numbers: np.ndarray) -> None:
        file = self._journal.open(self._name(kind))
        if not file.tell():
            file.write(npy_header(self._dtypes[kind], 0))
        file.write(numbers.astype(self._dtypes[kind]).tobytes())


def npy_header(dtype: str, count: int) -> bytes:
    """What stands before `count` numbers in a .npy file; as long for any count, so that it can be written last."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": (count,)})
    return header.getvalue()

"""A corpus on disk: shards of token ids, an index of documents, and a manifest that says where they came from.

    manifest.json     domain, settings, vocabulary, counts, what was dropped, why, the SHA-256 of each file and its own
    ids-00000.npy     uint16 or int32; documents one after the other; a document is in one shard
    weights-00000.npy float32; only if a document of the shard has weights other than 0, 1, 1, …
    documents.npy     (offset int64, length int32, split uint8) for each document; offsets count tokens over all shards
    metadata.jsonl    the metadata of documents (metadata.py); only if there are any
    sources.jsonl     one line for each source file: its SHA-256, the documents kept, what was dropped and why

The shards are opened at once, and their documents are read one at a time (shards.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from seqgen.contract.domain import Domain
from seqgen.contract.domain_record import DomainRecord
from seqgen.contract.vocabulary import Vocabulary
from seqgen.corpus.storage.documents import Documents, default_weights
from seqgen.corpus.storage.metadata import StoredMetadata
from seqgen.corpus.storage.shards import Shard, StoredArray
from seqgen.errors import CorpusError
from seqgen.files.stored_files import (
    MissingFile,
    StoredFileError,
    file_checksum,
    read_json,
    shorten,
    validated,
    without_checksum,
)

FORMAT = 4
SPLITS = ("train", "valid", "test")
INDEX = np.dtype([("offset", "<i8"), ("length", "<i4"), ("split", "u1")])


class _StoredDocuments(Documents):
    def __init__(self, corpus: Corpus, rows: np.ndarray) -> None:
        """The documents in these rows int[n] of the index of the corpus."""
        self._corpus = corpus
        self._rows = rows
        self.lengths = corpus.index["length"][rows]
        self._offsets = corpus.index["offset"][rows]
        self._shard_starts = np.cumsum([0] + [shard.tokens for shard in corpus.shards])

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        offset, length = int(self._offsets[number]), int(self.lengths[number])
        shard_number = int(np.searchsorted(self._shard_starts, offset, side="right")) - 1
        shard, first = self._corpus.shards[shard_number], offset - int(self._shard_starts[shard_number])
        ids = shard.ids.read(first, length).astype(np.int32)
        if int(ids.max()) >= len(self._corpus.vocabulary) or int(ids.min()) < 0:
            raise CorpusError(f"{shard.ids.path} is damaged: it holds an id that no token has; build the corpus again.")
        if shard.weights is not None:
            return ids, shard.weights.read(first, length).astype(np.float32)
        return ids, default_weights(length)

    def metadata(self, number: int) -> dict[str, Any]:
        metadata = self._corpus.metadata
        return {} if metadata is None else metadata[int(self._rows[number])]

    def describe(self, number: int) -> str:
        corpus = self._corpus
        return f"Document {number} of {corpus.path}, which was built with {corpus.domain_record.distribution},"


class _Split(BaseModel):
    documents: int
    tokens: int


class _Manifest(BaseModel):
    """The values of manifest.json beside those of the domain, which DomainRecord validates."""

    model_config = ConfigDict(strict=True)

    splits: dict[Literal["train", "valid", "test"], _Split]
    dropped: dict[str, int]
    remarks: dict[str, int]
    examples: dict[str, list[str]]
    recipe: dict[str, Any] | None
    shards: list[dict[str, Any]]
    has_metadata: bool
    checksums: dict[str, str]


class Corpus:
    """A finished corpus.

    path:          its folder
    manifest:      the content of manifest.json
    domain:        the name of its domain
    domain_record: the domain with its settings and with what it learned
    vocabulary:    the names of its tokens
    shards, index, metadata: the files of the documents
    """

    def __init__(
        self,
        path: Path,
        manifest: dict[str, Any],
        shards: list[Shard],
        index: np.ndarray,
        metadata: StoredMetadata | None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        fields = DomainRecord.model_fields.keys() - {"name"}
        self.domain_record = DomainRecord(name=manifest["domain"], **{name: manifest[name] for name in fields})
        self.domain = self.domain_record.name
        self.vocabulary = Vocabulary(self.domain_record.vocabulary)
        self.metadata = metadata
        self.shards = shards
        self.index = index

    @classmethod
    def open(cls, path: Path) -> Corpus:
        """Opens the corpus in a folder. Raises CorpusError if its manifest, shards and index do not fit together."""
        path = Path(path)
        manifest = _read_manifest(path)
        try:
            shards = []
            for entry in manifest["shards"]:
                tokens = int(entry["tokens"])
                ids = StoredArray.open(path / Path(entry["ids"]).name, ("<u2", "<i4"), tokens)
                weights = entry.get("weights")
                kept = StoredArray.open(path / Path(weights).name, ("<f4",), tokens) if weights else None
                shards.append(Shard(tokens, ids, kept))
            documents = sum(int(split["documents"]) for split in manifest["splits"].values())
            StoredArray.open(path / "documents.npy", (INDEX.str,), documents)
            index = np.load(path / "documents.npy", allow_pickle=False)
            if index.dtype != INDEX:
                raise ValueError("documents.npy has other fields")
            metadata = StoredMetadata(path, documents) if manifest["has_metadata"] else None
            corpus = cls(path, manifest, shards, index, metadata)
        except (KeyError, TypeError, ValueError, AttributeError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise CorpusError(f"The corpus {path} is damaged ({reason}); build it again.") from error
        corpus.domain_record.check_interface(f"The corpus {path} was built", "build it again", CorpusError)
        corpus._check_index()
        return corpus

    def verify(self) -> list[str]:
        """Compares every file with its SHA-256 in the manifest, and returns their names. Raises CorpusError."""
        checksums: dict[str, str] = self.manifest["checksums"]
        for name, checksum in checksums.items():
            path = self.path / Path(name).name
            try:
                is_intact = file_checksum(path) == checksum
            except StoredFileError as error:
                raise CorpusError(f"{path} cannot be read ({error}); build the corpus again.") from error
            if not is_intact:
                raise CorpusError(
                    f"{path} is damaged: its content has changed since it was written; restore it from a copy, or "
                    "build the corpus again."
                )
        return list(checksums)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the domain, as JSON values."""
        return self.domain_record.settings

    def make_domain(self) -> Domain[Any]:
        """Returns the domain, made by the plugin that is installed.

        Raises PluginError if the plugin is missing or broken, and CorpusError if it does not fit the corpus.
        """
        return self.domain_record.make_domain(f"The corpus {self.path} was built", CorpusError)

    def _check_index(self) -> None:
        offsets, lengths, splits = self.index["offset"], self.index["length"].astype(np.int64), self.index["split"]
        total = sum(shard.tokens for shard in self.shards)
        is_complete = int(lengths.sum()) == total and bool((lengths > 0).all()) and bool((splits < len(SPLITS)).all())
        if not is_complete or not np.array_equal(offsets, np.cumsum(lengths) - lengths):
            raise CorpusError(f"The index of documents in {self.path} is damaged; build the corpus again.")
        starts = np.cumsum([0] + [shard.tokens for shard in self.shards])
        if not np.isin(starts[:-1], offsets).all():
            raise CorpusError(f"A document in {self.path} is cut by the end of a shard; build the corpus again.")

    def documents(self, split: str) -> Documents:
        """Returns the documents of "train", "valid" or "test", in the order in which they were read."""
        return _StoredDocuments(self, self._rows(split))

    @property
    def dropped(self) -> dict[str, int]:
        """The number of files or items that were left out, by reason, the most frequent reason first."""
        return dict(self.manifest["dropped"])

    @property
    def remarks(self) -> dict[str, int]:
        """How often each other remark was made, such as about a document that was cut or a column that was guessed."""
        return dict(self.manifest["remarks"])

    @property
    def examples(self) -> dict[str, list[str]]:
        """For each reason a few of the files that it applied to, with their details."""
        return dict(self.manifest["examples"])

    def origins(self, split: str, numbers: Sequence[int]) -> list[tuple[str, int]]:
        """Returns the source file of each of some documents of a split, and its number among those kept from it.

        `numbers` count from 0 in the split. The number in the file counts from 1. Raises CorpusError.
        """
        try:
            kept = [(str(line["path"]), int(line["documents"])) for line in self.sources()]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CorpusError(f"{self.path}/sources.jsonl is damaged ({error}); build the corpus again.") from error
        ends = np.cumsum([count for _, count in kept])
        if not len(ends) or ends[-1] != len(self.index):
            raise CorpusError(f"{self.path}/sources.jsonl tells of other documents; build the corpus again.")
        rows = self._rows(split)[list(numbers)]
        which = np.searchsorted(ends, rows, side="right").tolist()
        return [(kept[one][0], int(row - ends[one]) + kept[one][1] + 1) for one, row in zip(which, rows, strict=True)]

    def _rows(self, split: str) -> np.ndarray:
        return np.flatnonzero(self.index["split"] == SPLITS.index(split))

    def sources(self) -> Iterator[dict[str, Any]]:
        """Yields what became of each source file, in order: path, sha256, documents, dropped (reason → count)."""
        with open(self.path / "sources.jsonl", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def is_corpus(path: Path) -> bool:
    """Whether a folder contains a corpus. `Corpus.open` checks it."""
    return (path / "manifest.json").is_file()


def _read_manifest(path: Path) -> dict[str, Any]:
    """Returns the manifest of the corpus in folder `path`. Raises CorpusError if it is missing, damaged or outdated."""
    try:
        manifest = read_json(path / "manifest.json")
        version = manifest.get("format") if isinstance(manifest, dict) else None
        if version != FORMAT:
            raise CorpusError(
                f"The corpus {path} is of format {shorten(repr(version))}, this is format {FORMAT}; build it again."
            )
        manifest = without_checksum(manifest)
        validated(_Manifest, manifest)
    except MissingFile:
        raise CorpusError(f"{path} is no corpus: it has no manifest.json; make one with 'seqgen build'.") from None
    except StoredFileError as error:
        raise CorpusError(
            f"{path}/manifest.json cannot be used ({error}); the corpus is damaged: build it again."
        ) from error
    return dict(manifest)

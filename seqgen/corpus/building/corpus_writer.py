"""Writes the files of a corpus while documents come in: it leaves out duplicates, fills shards, and decides splits.

It keeps no document in memory. An interrupted writer continues from its journal.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Deduplication
from seqgen.contract.domain import Domain
from seqgen.contract.domain_record import DomainRecord
from seqgen.contract.fingerprint import SIZE
from seqgen.corpus.building.build_folder import keep_only
from seqgen.corpus.building.duplicates import DuplicateIndex
from seqgen.corpus.reading.channel import EncodedDocument
from seqgen.corpus.reading.read_file import ReadFile
from seqgen.corpus.recipes.recipes import Recipe
from seqgen.corpus.storage.journal import Journal, ProcessedFiles
from seqgen.corpus.storage.metadata import METADATA_FILES, MetadataWriter
from seqgen.corpus.storage.shards import ShardWriter
from seqgen.corpus.storage.split import Splitter, check_splits
from seqgen.corpus.storage.store import FORMAT, INDEX, SPLITS
from seqgen.errors import CorpusError
from seqgen.files.stored_files import file_checksum, with_checksum

DUPLICATE = "a duplicate"
MAX_REASONS = 3
"""How many reasons an error names."""
MAX_EXAMPLES = 5
ROW = np.dtype(
    [
        ("content", f"V{SIZE}"),
        ("key", f"V{SIZE}"),
        ("group", f"V{SIZE}"),
        ("position", "<f8"),
        ("length", "<i4"),
        ("has_weights", "?"),
        ("split", "i1"),
    ]
)
"""What is kept of each document until the end.

has_weights: whether it has other than the default weights
split:       the split of a part of a document that was cut inside; UNDECIDED for a whole document
"""
UNDECIDED = -1


class CorpusWriter:
    """Writes the files of the corpus while documents come in. It keeps no document in memory."""

    def __init__(self, journal: Journal, domain: Domain[Any], splitter: Splitter) -> None:
        self._journal = journal
        self._domain = domain
        self._splitter = splitter
        self._shards = ShardWriter(journal, len(domain.vocabulary))
        self._index = DuplicateIndex(journal.folder / "duplicates.sqlite")
        self._metadata = MetadataWriter(journal)
        self._documents = journal.open("documents.part")
        self._sources = journal.open("sources.jsonl")
        self.processed = ProcessedFiles(journal, "read.part")
        self._dropped: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._restore()

    def _restore(self) -> None:
        """Restores the state of an interrupted process."""
        with open(self._journal.folder / "documents.part", "rb") as documents:
            for details in self.processed.details():
                self._count(details)
                for row in np.fromfile(documents, ROW, details["kept"]):
                    self._index.find_or_add(row["content"].tobytes(), row["key"].tobytes(), details["name"])
                    self._shards.count(int(row["length"]), bool(row["has_weights"]))

    def add(self, file: ReadFile) -> None:
        """Adds the documents of one file."""
        content = file.content
        dropped = Counter(content.dropped) if content.reason is None else Counter({content.reason: 1})
        duplicates: Counter[str] = Counter()
        remarks = Counter(content.remarks)
        totals, kept = dropped.copy(), 0
        for document in content.documents:
            duplicate = self._add_document(document, file)
            if duplicate is None:
                kept += len(document.part_lengths) or 1
                remarks[self._cut_remark] += len(document.part_lengths) > 0
            else:
                original, differences = duplicate
                totals[f"{DUPLICATE}{differences}"] += 1
                duplicates[f"{DUPLICATE} of {original}{differences}"] += 1
        line = {"path": file.name, "sha256": file.sha256, "documents": kept, "dropped": dict(dropped + duplicates)}
        line |= {"detail": content.detail} if content.detail else {}
        self._sources.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        details = {"kept": kept, "dropped": dict(totals), "remarks": dict(+remarks), "detail": content.detail}
        self.processed.add(file, **details)
        self._count({"name": file.name, **details})
        self._journal.commit()

    def _add_document(self, document: EncodedDocument, file: ReadFile) -> tuple[str, str] | None:
        """Adds a document unless it is a duplicate. Then returns the file of the first one, and how they differ."""
        deduplication = self._domain.deduplication or Deduplication()
        # Usually ids are compared too: a model sees no difference between two items with the same ids.
        content = document.ids.tobytes() + document.weights.tobytes()
        content += b"" if deduplication.compares_ids else document.key
        digest = hashlib.blake2b(content, digest_size=SIZE).digest()
        duplicate = self._index.find_or_add(digest, document.key, file.name)
        if duplicate is not None:
            differences = "" if duplicate.is_exact else deduplication.differences
            return duplicate.source, differences and f" but for {differences}"
        position = self._splitter.position(document.group, file.split)
        first = 0
        for split, length in self._parts(document):
            part = slice(first, first + length)
            has_weights = self._shards.add(document.ids[part], document.weights[part])
            self._metadata.add(document.metadata)
            row = np.array((digest, document.key, document.group, position, length, has_weights, split), ROW)
            self._documents.write(row.tobytes())
            first += length
        return None

    def _parts(self, document: EncodedDocument) -> list[tuple[int, int]]:
        """Returns the split and the length of each part of a document."""
        if not document.part_lengths:
            return [(UNDECIDED, len(document.ids))]
        splits = [SPLITS.index(name) for name in self._splitter.open_shares()]
        return list(zip(splits, document.part_lengths, strict=True))

    @property
    def _cut_remark(self) -> str:
        shares = ", ".join(f"{share:.0%} {name}" for name, share in self._splitter.open_shares().items())
        return f"cut inside into contiguous parts, because it is too large for one split: {shares}"

    def _count(self, details: Mapping[str, Any]) -> None:
        self._dropped += Counter(details["dropped"])
        self._remarks += Counter(details["remarks"])
        for reason in details["dropped"]:
            examples = self._examples.setdefault(reason, [])
            if len(examples) < MAX_EXAMPLES:
                name, detail = details["name"], details["detail"]
                examples.append(f"{name}: {detail}" if detail else name)

    def finish(self, recipe: Recipe | None, moved_groups: Mapping[bytes, int] | None, remarks: list[str]) -> None:
        """Writes the index and the manifest, and removes temporary files. Raises CorpusError for too few documents.

        moved_groups: see `TrainingObservations`; if the splits were decided before, they are not decided again
        """
        rows = np.fromfile(self._journal.folder / "documents.part", ROW)
        if not len(rows):
            raise CorpusError(f"None of the files can be used: {self._top_reasons()}.")
        try:
            if moved_groups is None:
                splits = self._splitter.assign(rows["position"], rows["length"])
            else:
                splits = self._splitter.splits_at(rows["position"])
                for group, split in moved_groups.items():
                    splits[rows["group"] == np.void(group)] = split
                splits = np.where(rows["split"] == UNDECIDED, splits, rows["split"]).astype(np.uint8)
            check_splits(splits)
        except CorpusError as error:
            raise CorpusError(f"{error} Left out: {self._top_reasons()}.") from None
        self._shards.close()
        index = np.zeros(len(rows), INDEX)
        index["length"], index["split"] = rows["length"], splits
        index["offset"] = np.cumsum(index["length"], dtype=np.int64) - index["length"]
        np.save(self._journal.folder / "documents.npy", index)
        counts = {
            name: {
                "documents": int((splits == split).sum()),
                "tokens": int(index["length"][splits == split].sum(dtype=np.int64)),
            }
            for split, name in enumerate(SPLITS)
        }
        record = DomainRecord.of(self._domain)
        manifest = {
            "format": FORMAT,
            "domain": record.name,
            "interface_version": record.interface_version,
            "plugin": record.plugin,
            "settings": record.settings,
            "splits": counts,
            "dropped": dict(self._dropped.most_common()),
            "remarks": {**dict.fromkeys(remarks, 1), **dict(self._remarks.most_common())},
            "examples": {reason: self._examples[reason] for reason, _ in self._dropped.most_common()},
            "recipe": recipe.model_dump(mode="json") if recipe else None,
            "shards": self._shards.shards,
            "vocabulary": record.vocabulary,
            "state": record.state,
            "has_metadata": self._metadata.finish(),
        }
        self.close()
        final = {"documents.npy", "sources.jsonl"}
        final |= set(METADATA_FILES) if manifest["has_metadata"] else set()
        final |= {shard[kind] for shard in self._shards.shards for kind in ("ids", "weights") if kind in shard}
        manifest["checksums"] = {name: file_checksum(self._journal.folder / name) for name in sorted(final)}
        text = json.dumps(with_checksum(manifest), ensure_ascii=False, indent=1)
        (self._journal.folder / "manifest.json").write_text(text, encoding="utf-8")
        keep_only(self._journal.folder, {"manifest.json", *final})

    def close(self) -> None:
        self._index.close()

    def _top_reasons(self) -> str:
        top = self._dropped.most_common(MAX_REASONS)
        return "; ".join(f"{count} × {reason} ({self._examples[reason][0]})" for reason, count in top) or "nothing"

"""Makes a corpus of files. Workers read them; duplicates are left out. A corpus is made completely or not at all.

    walk → infer open settings (settings_inference.py) → learn the vocabulary (vocabulary_learning.py)
         → read and encode (workers.py) → leave out duplicates (duplicates.py) → shards (store.py) → split → manifest

A corpus grows in a hidden folder beside its target (build_folder.py), which is renamed at the end. If the process is
interrupted or killed, or if the disk is full or fails, the folder stays, and the same call continues there. It does not
read a file again, and the result is the same to the byte. Any other error removes the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Deduplication
from seqgen.contract.domain import Domain
from seqgen.contract.domain_record import DomainRecord
from seqgen.contract.fingerprint import SIZE
from seqgen.contract.vocabulary import Learned
from seqgen.corpus.building.build_folder import check_free, clear, keep_only, resumable_folder
from seqgen.corpus.building.duplicates import DuplicateIndex
from seqgen.corpus.building.settings_inference import infer_settings
from seqgen.corpus.building.vocabulary_learning import TrainingObservations
from seqgen.corpus.reading.channel import EncodedDocument, FileContent
from seqgen.corpus.reading.companions import no_companions
from seqgen.corpus.reading.sources import BuildProgress, Source, SourceFiles, sha256
from seqgen.corpus.reading.workers import Limits, WorkerPool
from seqgen.corpus.recipes.recipes import Recipe
from seqgen.corpus.storage.journal import Journal, JournalMismatch, ProcessedFiles
from seqgen.corpus.storage.metadata import METADATA_FILES, MetadataWriter
from seqgen.corpus.storage.split import SplitFractions, Splitter, check_splits
from seqgen.corpus.storage.store import FORMAT, INDEX, SPLITS, Corpus, ShardWriter
from seqgen.errors import CorpusError
from seqgen.files.stored_files import file_checksum

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


@dataclass(frozen=True)
class _Task:
    """The arguments of a build."""

    domain: Domain[Any]
    files: SourceFiles
    file_count: int
    splitter: Splitter
    recipe: Recipe | None
    limits: Limits | None
    progress: BuildProgress
    pretrained: Learned | None


def build(
    domain: Domain[Any],
    paths: Iterable[Path],
    out: Path,
    *,
    fractions: SplitFractions | None = None,
    recipe: Recipe | None = None,
    held_out: Mapping[str, Iterable[Path]] | None = None,
    limits: Limits | None = None,
    progress: BuildProgress | None = None,
    pretrained: Learned | None = None,
) -> Corpus:
    """Makes a corpus of files, folders and archives in the folder `out`, which must not exist yet or be empty.

    fractions:  the share of each split; by default the recipe's, or 0.9, 0.05 and 0.05
    held_out:   files by the split ("valid" or "test") that the user named them for. The other documents are divided
                among the other splits. With "valid", all of them are trained on.
    pretrained: what the domain of the trained model learned that the new model starts from

    Raises CorpusError if the files give too little, OutputError if `out` is taken or cannot be written, and PluginError
    if a worker cannot make the domain.
    """
    out, paths = Path(out), [Path(path) for path in paths]
    named = {split: [Path(path) for path in files] for split, files in (held_out or {}).items()}
    fractions = fractions or (recipe.split if recipe else SplitFractions())
    check_free(out)
    companions = domain.reading.companions if domain.reading and domain.reading.offers("companions") else no_companions
    files = SourceFiles(paths, domain.reads, named, companions)
    progress = progress or (lambda done, total, unit: None)
    file_count = files.count(lambda count: progress(count, 0, "files listed"))
    if not file_count:
        endings = f" of {domain.name!r} ({', '.join(domain.reads)})" if domain.reads else ""
        raise CorpusError(f"There are no files{endings} in {', '.join(map(str, paths)) or 'nothing'}; name others.")
    identity = {
        "domain": [type(domain).__module__, type(domain).__qualname__, domain.interface_version],
        "settings": domain.settings.model_dump(mode="json"),
        "sources": [str(path.absolute()) for path in paths],
        "held_out": {split: [str(path.absolute()) for path in part] for split, part in named.items()},
        "known": pretrained and [pretrained.vocabulary.names, dict(pretrained.state)],
        "split": fractions.model_dump(),
        "limits": str(limits),
    }
    # If there are validation files, no other document becomes a test document.
    splitter = Splitter(fractions, frozenset({*named, *(("test",) if "valid" in named else ())}))
    task = _Task(domain, files, file_count, splitter, recipe, limits, progress, pretrained)
    with resumable_folder(out, identity) as folder:
        try:
            _fill(folder, task)
        except JournalMismatch:
            clear(folder)
            _fill(folder, task)
    return Corpus.open(out)


def _fill(folder: Path, task: _Task) -> None:
    """Makes the corpus in `folder`, or continues there. Raises JournalMismatch if the files have changed."""
    with closing(Journal(folder)) as journal:
        domain, remarks = infer_settings(task.domain, task.files, task.file_count, journal, task.limits)
        observations = TrainingObservations(
            domain, task.files, task.splitter, journal, task.limits,
            lambda done: task.progress(done, task.file_count, "files to learn from"),
        )  # fmt: skip
        if domain.reading is not None and domain.reading.offers("cut"):
            observations.decide_splits()
        learned = _learn(domain, observations, task.pretrained)
        domain = type(domain)(domain.settings, learned.vocabulary, learned.state)
        with (
            closing(_CorpusWriter(journal, domain, task.splitter)) as writer,
            WorkerPool(domain, limits=task.limits, spool=folder, cutting=observations.cutting) as pool,
        ):
            begun = writer.processed.count
            sources = writer.processed.skip(task.files.walk(folder, lambda number: number >= begun))
            for done, (source, content) in enumerate(pool.read(sources), begun + 1):
                writer.add(source, content)
                task.progress(done, task.file_count, "files")
            writer.finish(task.recipe, observations.moved_groups, remarks)


def _learn(domain: Domain[Any], observations: TrainingObservations, pretrained: Learned | None) -> Learned:
    """Returns what the domain learns. It extends what a trained model learned, if the domain can do that."""
    learning = domain.learning
    if pretrained is None or learning is None or not learning.offers("extend"):
        return domain.learned(observations)
    extended = learning.extend(pretrained, observations)
    return extended if isinstance(extended, Learned) else Learned(extended)


class _CorpusWriter:
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

    def add(self, source: Source, content: FileContent) -> None:
        """Adds the documents of one file."""
        dropped = Counter(content.dropped) if content.reason is None else Counter({content.reason: 1})
        duplicates: Counter[str] = Counter()
        remarks = Counter(content.remarks)
        totals, kept = dropped.copy(), 0
        for document in content.documents:
            duplicate = self._add_document(document, source)
            if duplicate is None:
                kept += len(document.part_lengths) or 1
                remarks[self._cut_remark] += len(document.part_lengths) > 0
            else:
                original, differences = duplicate
                totals[f"{DUPLICATE}{differences}"] += 1
                duplicates[f"{DUPLICATE} of {original}{differences}"] += 1
        try:
            digest = None if source.reason else sha256(source.path)
        except OSError:
            digest = None
        line = {"path": source.name, "sha256": digest, "documents": kept, "dropped": dict(dropped + duplicates)}
        line |= {"detail": content.detail} if content.detail else {}
        self._sources.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        details = {"kept": kept, "dropped": dict(totals), "remarks": dict(+remarks), "detail": content.detail}
        self.processed.add(source, **details)
        self._count({"name": source.name, **details})
        self._journal.commit()

    def _add_document(self, document: EncodedDocument, source: Source) -> tuple[str, str] | None:
        """Adds a document unless it is a duplicate. Then returns the file of the first one, and how they differ."""
        deduplication = self._domain.deduplication or Deduplication()
        # Usually ids are compared too: a model sees no difference between two items with the same ids.
        content = document.ids.tobytes() + document.weights.tobytes()
        content += b"" if deduplication.compares_ids else document.key
        digest = hashlib.blake2b(content, digest_size=SIZE).digest()
        duplicate = self._index.find_or_add(digest, document.key, source.name)
        if duplicate is not None:
            differences = "" if duplicate.is_exact else deduplication.differences
            return duplicate.source, differences and f" but for {differences}"
        position = self._splitter.position(document.group, source.split)
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
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self._journal.folder / "manifest.json").write_text(text, encoding="utf-8")
        keep_only(self._journal.folder, {"manifest.json", *final})

    def close(self) -> None:
        self._index.close()

    def _top_reasons(self) -> str:
        top = self._dropped.most_common(MAX_REASONS)
        return "; ".join(f"{count} × {reason} ({self._examples[reason][0]})" for reason, count in top) or "nothing"

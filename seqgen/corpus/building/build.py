"""Files → corpus: read in workers, deduplicated, split, written as shards. Whole or not at all.

    walk → settle what was left open (settling.py) → learn the vocabulary (learning.py) → read and encode (workers.py)
         → leave out copies (copies.py) → shards (store.py) → split → manifest

A corpus grows in a hidden folder beside its target (unfinished.py), which is renamed at the end. Where the process is
interrupted or killed that stays, and the same call goes on from there: files that were read are not read again, and the
end is the same to the byte. A failure removes it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Deduplication
from seqgen.contract.discovery import installed_plugin
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE
from seqgen.contract.vocabulary import Learned
from seqgen.corpus.building.duplicates import Copies
from seqgen.corpus.building.settings_inference import settled
from seqgen.corpus.building.unfinished import check_free, clear, remove_all_but, unfinished
from seqgen.corpus.building.vocabulary_learning import Moved, TrainingObservations
from seqgen.corpus.reading.channel import Encoded, Reading
from seqgen.corpus.reading.companions import no_companions
from seqgen.corpus.reading.sources import HeldOut, Progress, Source, sha256, walk
from seqgen.corpus.reading.workers import Limits, Readers
from seqgen.corpus.recipes.recipes import Recipe
from seqgen.corpus.storage.journal import Changed, Journal, Stage
from seqgen.corpus.storage.metadata import METADATA_FILES, MetadataWriter
from seqgen.corpus.storage.split import Split, assign, check_sides
from seqgen.corpus.storage.store import FORMAT, INDEX, SPLITS, Corpus, ShardWriter
from seqgen.errors import CorpusError

COPY = "a duplicate"
REASONS_SHOWN = 3
MOST_EXAMPLES = 5
RECORD = np.dtype(
    [
        ("content", f"V{SIZE}"),
        ("key", f"V{SIZE}"),
        ("group", f"V{SIZE}"),
        ("place", "<f8"),
        ("length", "<i4"),
        ("weighted", "u1"),
    ]
)
"""What is kept of each document until the end; the last says whether it has weights of its own."""


def build(
    domain: Domain[Any],
    sources: Iterable[Path],
    out: Path,
    *,
    split: Split | None = None,
    recipe: Recipe | None = None,
    held_out: HeldOut | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    known: Learned | None = None,
) -> Corpus:
    """Makes a corpus of files, folders and archives in the folder `out`, which must not exist yet or be empty.

    `split` is, where not given, the recipe's or 0.9, 0.05, 0.05. Documents of `held_out` files stand where these were
    named for, and the rest is divided among the splits that are left: with "valid", all of it is trained on.
    `known` is what the trained model learned that the new model starts from. Raises CorpusError when the
    files give too little, OutputError when `out` is taken or cannot be written, PluginError when the domain cannot be
    made in a worker.
    """
    out, paths = Path(out), [Path(source) for source in sources]
    held_out = {side: [Path(source) for source in files] for side, files in (held_out or {}).items()}
    split = split or (recipe.split if recipe else Split())
    check_free(out)
    companions = domain.reading.companions if domain.reading and domain.reading.offers("companions") else no_companions
    total = sum(1 for _ in walk(paths, domain.reads, held_out=held_out, companions=companions))
    if not total:
        endings = f" of {domain.name!r} ({', '.join(domain.reads)})" if domain.reads else ""
        raise CorpusError(f"There are no files{endings} in {', '.join(map(str, paths)) or 'nothing'}; name others.")
    task = {
        "domain": [type(domain).__module__, type(domain).__qualname__, domain.interface_version],
        "settings": domain.settings.model_dump(mode="json"),
        "sources": [str(path.absolute()) for path in paths],
        "held_out": {side: [str(path.absolute()) for path in files] for side, files in held_out.items()},
        "known": known and [known.vocabulary.names, dict(known.state)],
        "split": split.model_dump(),
        "limits": str(limits),
    }
    with unfinished(out, task) as folder:
        files = partial(walk, paths, domain.reads, folder, held_out=held_out, companions=companions)
        # Who brings validation files of their own means all of the sources to be trained on.
        named = {*held_out, *(("test",) if "valid" in held_out else ())}
        work = partial(_fill, folder, domain, files, total, split, named, recipe, limits, progress, known)
        try:
            work()
        except Changed:
            clear(folder)
            work()
    return Corpus.open(out)


def _fill(
    folder: Path, domain: Domain[Any], files: Callable[..., Iterator[Source]], total: int, split: Split,
    named: Collection[str], recipe: Recipe | None, limits: Limits | None, progress: Progress | None,
    known: Learned | None,
) -> None:  # fmt: skip
    """Makes the corpus in `folder`, or goes on with it; raises Changed where it is of other files."""
    told = progress or (lambda done, total, what: None)
    with closing(Journal(folder)) as journal:
        domain, remarks = settled(domain, files, total, journal, limits)
        observations = TrainingObservations(
            domain, files, split, named, journal, limits, lambda done: told(done, total, "files to learn from")
        )
        learned = domain.learned(observations) if known is None else _extended(domain, known, observations)
        domain = type(domain)(domain.settings, learned.vocabulary, learned.state)
        with (
            closing(_Writer(journal, domain, split, named)) as writer,
            Readers(domain, limits=limits, spool=folder) as readers,
        ):
            begun = writer.stage.done
            rest = writer.stage.rest(files(lambda number: number >= begun))
            for done, (source, reading) in enumerate(readers.read(rest), begun + 1):
                writer.add(source, reading)
                told(done, total, "files")
            writer.finish(recipe, observations.moved, remarks)


def _extended(domain: Domain[Any], known: Learned, observations: TrainingObservations) -> Learned:
    """What is learned for a model that starts from a trained one; as for a new one if the domain says nothing of it."""
    learning = domain.learning
    if learning is None or not learning.offers("extend"):
        return domain.learned(observations)
    found = learning.extend(known, observations)
    return found if isinstance(found, Learned) else Learned(found)


class _Writer:
    """What grows in the new folder while files come in; holds nothing of a document in memory."""

    def __init__(self, journal: Journal, domain: Domain[Any], split: Split, named: Collection[str]) -> None:
        self._journal = journal
        self._domain = domain
        self._split = split
        self._named = named
        self._shards = ShardWriter(journal, len(domain.vocabulary))
        self._copies = Copies(journal.folder / "copies.sqlite")
        self._metadata = MetadataWriter(journal)
        self._documents = journal.open("documents.part")
        self._sources = journal.open("sources.jsonl")
        self.stage = Stage(journal, "read.part")
        self._dropped: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}
        self._go_on()

    def _go_on(self) -> None:
        """Takes note of what an interrupted process had done."""
        with open(self._journal.folder / "documents.part", "rb") as documents:
            for line in self.stage.lines():
                self._count(line)
                for record in np.fromfile(documents, RECORD, line["kept"]):
                    self._copies.first(record["content"].tobytes(), record["key"].tobytes(), line["name"])
                    self._shards.count(int(record["length"]), bool(record["weighted"]))

    def add(self, source: Source, reading: Reading) -> None:
        """Takes in what one file gave."""
        dropped = Counter(reading.dropped) if reading.reason is None else Counter({reading.reason: 1})
        copies: Counter[str] = Counter()
        totals, kept = dropped.copy(), 0
        for document in reading.documents:
            copy = self._copy_of(document, source)
            if copy is None:
                kept += 1
            else:
                original, how = copy
                totals[f"{COPY}{how}"] += 1
                copies[f"{COPY} of {original}{how}"] += 1
        try:
            digest = None if source.reason else sha256(source.path)
        except OSError:
            digest = None
        line = {"path": source.name, "sha256": digest, "documents": kept, "dropped": dict(dropped + copies)}
        line |= {"detail": reading.detail} if reading.detail else {}
        self._sources.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        told = {"kept": kept, "dropped": dict(totals), "remarks": reading.remarks, "detail": reading.detail}
        self.stage.add(source, **told)
        self._count({"name": source.name, **told})
        self._journal.commit()

    def _copy_of(self, document: Encoded, source: Source) -> tuple[str, str] | None:
        """The file that held this document before and in what the two differ, if any; else the document is kept."""
        # The ids are compared, not the items: two that differ in nothing a model can see are copies too.
        content = hashlib.blake2b(document.ids.tobytes() + document.weights.tobytes(), digest_size=SIZE).digest()
        copy = self._copies.first(content, document.key, source.name)
        if copy is not None:
            differ = "" if copy.exact else (self._domain.deduplication or Deduplication()).differences
            return copy.source, differ and f" but for {differ}"
        weighted = self._shards.add(document.ids, document.weights)
        self._metadata.add(document.metadata)
        place = self._split.place(document.group, source.side, self._named)
        record = np.array((content, document.key, document.group, place, len(document.ids), weighted), RECORD)
        self._documents.write(record.tobytes())
        return None

    def _count(self, line: Mapping[str, Any]) -> None:
        self._dropped += Counter(line["dropped"])
        self._remarks += Counter(line["remarks"])
        for reason in line["dropped"]:
            examples = self._examples.setdefault(reason, [])
            if len(examples) < MOST_EXAMPLES:
                examples.append(f"{line['name']}: {line['detail']}" if line["detail"] else line["name"])

    def finish(self, recipe: Recipe | None, moved: Moved | None, remarks: list[str]) -> None:
        """Writes the index and the manifest, and removes what was of use until now; raises CorpusError for too little.

        `moved` are given where the sides were decided before the vocabulary was learned, and hold.
        """
        documents = np.fromfile(self._journal.folder / "documents.part", RECORD)
        if not len(documents):
            raise CorpusError(f"None of the files can be used: {self._top_reasons()}.")
        try:
            where = documents["place"]
            sides = assign(self._split, where, self._named) if moved is None else self._split.side(where)
            for group, side in (moved or {}).items():
                sides[documents["group"] == np.void(group)] = side
            check_sides(sides)
        except CorpusError as error:
            raise CorpusError(f"{error} Left out: {self._top_reasons()}.") from None
        self._shards.close()
        index = np.zeros(len(documents), INDEX)
        index["length"], index["split"] = documents["length"], sides
        index["offset"] = np.cumsum(index["length"], dtype=np.int64) - index["length"]
        np.save(self._journal.folder / "documents.npy", index)
        counts = {
            name: {
                "documents": int((sides == side).sum()),
                "tokens": int(index["length"][sides == side].sum(dtype=np.int64)),
            }
            for side, name in enumerate(SPLITS)
        }
        manifest = {
            "format": FORMAT,
            "domain": self._domain.name,
            "interface_version": self._domain.interface_version,
            "plugin": installed_plugin(self._domain.name),
            "settings": self._domain.settings.model_dump(mode="json"),
            "splits": counts,
            "dropped": dict(self._dropped.most_common()),
            "remarks": {**dict.fromkeys(remarks, 1), **dict(self._remarks.most_common())},
            "examples": {reason: self._examples[reason] for reason, _ in self._dropped.most_common()},
            "recipe": recipe.model_dump(mode="json") if recipe else None,
            "shards": self._shards.shards,
            "vocabulary": list(self._domain.vocabulary.names[2:]),
            "state": dict(self._domain.state),
            "has_metadata": self._metadata.finish(),
        }
        self.close()
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self._journal.folder / "manifest.json").write_text(text, encoding="utf-8")
        final = {"manifest.json", "documents.npy", "sources.jsonl"}
        final |= set(METADATA_FILES) if manifest["has_metadata"] else set()
        final |= {shard[kind] for shard in self._shards.shards for kind in ("ids", "weights") if kind in shard}
        remove_all_but(self._journal.folder, final)

    def close(self) -> None:
        self._copies.close()

    def _top_reasons(self) -> str:
        top = self._dropped.most_common(REASONS_SHOWN)
        return "; ".join(f"{count} × {reason} ({self._examples[reason][0]})" for reason, count in top) or "nothing"

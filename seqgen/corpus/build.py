"""Files → corpus: read in workers, deduplicated, split, written as shards. Whole or not at all.

    walk → learn the vocabulary (learning.py) → read and encode (workers.py) → leave out copies (copies.py)
         → shards (store.py) → split → manifest

A corpus grows in a hidden folder beside its target, which is renamed at the end and removed on every failure.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from seqgen.atomic import flush
from seqgen.corpus.channel import Reading
from seqgen.corpus.copies import Copies
from seqgen.corpus.learning import Moved, TrainingEvidence
from seqgen.corpus.recipes import Recipe
from seqgen.corpus.sources import HeldOut, Progress, Source, sha256, walk_sides
from seqgen.corpus.split import Split, assign, check_sides
from seqgen.corpus.store import FORMAT, INDEX, SPLITS, Corpus, ShardWriter
from seqgen.corpus.workers import Limits, Readers
from seqgen.domain import Domain, Vocabulary
from seqgen.errors import CorpusError, OutputError

COPY = "a duplicate"
REASONS_SHOWN = 3


def build(
    domain: Domain,
    sources: Iterable[Path],
    out: Path,
    *,
    split: Split | None = None,
    recipe: Recipe | None = None,
    held_out: HeldOut | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    known: Vocabulary | None = None,
) -> Corpus:
    """Makes a corpus of files and folders in the folder `out`, which must not exist yet or be empty.

    `split` is, where not given, the recipe's or 0.9, 0.05, 0.05. Documents of `held_out` files stand where these were
    named for, and the rest is divided among the splits that are left: with "valid", all of it is trained on.
    The vocabulary `known`, that of a trained model which another one begins with, is grown. Raises CorpusError when the
    files give too little, OutputError when `out` is taken or cannot be written, PluginError when the domain cannot be
    made in a worker.
    """
    out, paths = Path(out), [Path(source) for source in sources]
    held_out = held_out or {}
    # Who brings validation files of their own means all of the sources to be trained on.
    named = {*held_out, *(("test",) if "valid" in held_out else ())}
    split = split or (recipe.split if recipe else Split())
    _check_free(out)

    def files() -> Iterator[Source]:
        return walk_sides(paths, held_out, domain.reads)

    total = sum(1 for _ in files())
    if not total:
        endings = f" of {domain.name!r} ({', '.join(domain.reads)})" if domain.reads else ""
        raise CorpusError(f"There are no files{endings} in {', '.join(map(str, paths)) or 'nothing'}; name others.")
    told = progress or (lambda done, total, what: None)
    with _new_folder(out) as folder:
        evidence = TrainingEvidence(
            domain, files, split, named, folder, limits,
            lambda done: told(done, total, "files to learn from"),
        )  # fmt: skip
        with closing(evidence):
            vocabulary = domain.learn(evidence) if known is None else domain.grow(known, evidence)
            domain = type(domain)(domain.settings, vocabulary)
        with (
            closing(_Writer(folder, domain, split, named)) as writer,
            Readers(domain, limits=limits, spool=folder) as readers,
        ):
            for done, (source, reading) in enumerate(readers.read(files()), 1):
                writer.add(source, reading, evidence.moved or {})
                told(done, total, "files")
            writer.finish(recipe, decided=evidence.moved is not None)
    return Corpus.open(out)


class _Writer:
    """What grows in the new folder while files come in; holds a few numbers a document in memory."""

    def __init__(self, folder: Path, domain: Domain, split: Split, named: Collection[str]) -> None:
        self._folder = folder
        self._domain = domain
        self._split = split
        self._named = named
        self._shards = ShardWriter(folder, len(domain.vocabulary))
        self._copies = Copies(folder / "copies.sqlite")
        self._sources = open(folder / "sources.jsonl", "w", encoding="utf-8")  # noqa: SIM115 (closed by `close`)
        self._lengths, self._places, self._moved = array("i"), array("d"), dict[int, int]()
        self._dropped: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._examples: dict[str, str] = {}

    def add(self, source: Source, reading: Reading, moved: Moved) -> None:
        """Takes in what one file gave."""
        dropped = Counter(reading.dropped) if reading.reason is None else Counter({reading.reason: 1})
        self._dropped += dropped
        self._remarks += Counter(reading.remarks)
        if reading.reason is not None and reading.detail:
            self._examples.setdefault(reading.reason, f"{source.name}: {reading.detail}")
        kept = 0
        for document in reading.documents:
            # The ids are compared, not the items: two that differ in nothing a model can see are copies too.
            content = hashlib.blake2b(document.ids.tobytes() + document.weights.tobytes(), digest_size=16).digest()
            original = self._copies.first(content, source.name)
            if original is not None:
                dropped[f"{COPY} of {original}"] += 1
                self._dropped[COPY] += 1
                continue
            if document.fingerprint in moved:
                self._moved[len(self._lengths)] = moved[document.fingerprint]
            self._shards.add(document.ids, document.weights)
            self._lengths.append(len(document.ids))
            self._places.append(self._split.place(document.fingerprint, source.side, self._named))
            kept += 1
        try:
            digest = sha256(source.path)
        except OSError:
            digest = None
        line = {"path": source.name, "sha256": digest, "documents": kept, "dropped": dict(dropped)}
        line |= {"detail": reading.detail} if reading.detail else {}
        self._sources.write(json.dumps(line, ensure_ascii=False) + "\n")

    def finish(self, recipe: Recipe | None, *, decided: bool) -> None:
        """Writes the index and the manifest; raises CorpusError when too little was kept.

        `decided` says that the sides were, before the vocabulary was learned, and hold.
        """
        if not self._lengths:
            raise CorpusError(f"None of the files can be used: {self._top_reasons()}.")
        try:
            where = np.array(self._places)
            sides = self._split.side(where) if decided else assign(self._split, where, self._named)
            sides[list(self._moved)] = list(self._moved.values())
            check_sides(sides)
        except CorpusError as error:
            raise CorpusError(f"{error} Left out: {self._top_reasons()}.") from None
        self._shards.close()
        index = np.zeros(len(self._lengths), INDEX)
        index["length"], index["split"] = self._lengths, sides
        index["offset"] = np.cumsum(index["length"], dtype=np.int64) - index["length"]
        np.save(self._folder / "documents.npy", index)
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
            "api_version": self._domain.api_version,
            "settings": self._domain.settings.model_dump(mode="json"),
            "splits": counts,
            "dropped": dict(self._dropped.most_common()),
            "remarks": dict(self._remarks.most_common()),
            "examples": self._examples,
            "recipe": recipe.model_dump(mode="json") if recipe else None,
            "shards": self._shards.shards,
            "vocabulary": list(self._domain.vocabulary.names[2:]),
        }
        self.close()
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self._folder / "manifest.json").write_text(text, encoding="utf-8")

    def close(self) -> None:
        self._copies.close()
        self._sources.close()

    def _top_reasons(self) -> str:
        top = self._dropped.most_common(REASONS_SHOWN)
        told = (f"{count} × {reason}" + self._example(reason) for reason, count in top)
        return "; ".join(told) or "nothing"

    def _example(self, reason: str) -> str:
        return f" ({self._examples[reason]})" if reason in self._examples else ""


def _check_free(out: Path) -> None:
    if (out / "manifest.json").exists():
        raise OutputError(f"{out} already holds a corpus; remove it or choose another folder.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is not an empty folder; choose another one.")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `out` when the block ends well and is removed otherwise.

    Raises OutputError where the disk refuses (full, read-only).
    """
    folder = None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        yield folder
        folder.chmod(0o755)
        for path in [*folder.iterdir(), folder]:
            flush(path)
        os.rename(folder, out)
        flush(out.parent)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{out} cannot be written: {reason}; free some space or choose another place.") from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

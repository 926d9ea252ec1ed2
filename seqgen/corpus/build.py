"""Files → corpus: read in workers, deduplicated, split, written as shards. Whole or not at all.

    walk → read and encode (workers.py) → leave out copies → shards (store.py) → split → manifest

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
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.atomic import flush
from seqgen.corpus.channel import Encoded, Reading
from seqgen.corpus.fingerprint import fingerprint
from seqgen.corpus.recipes import Recipe
from seqgen.corpus.sources import Source, sha256, walk
from seqgen.corpus.split import Split, assign, place
from seqgen.corpus.store import FORMAT, INDEX, SPLITS, Corpus, ShardWriter
from seqgen.corpus.workers import Limits, Readers
from seqgen.domain import Domain
from seqgen.errors import CorpusError, OutputError, UnusableFile

Progress = Callable[[int, int], None]
"""Told how many files are done, of how many."""
COPY = "a duplicate"
REASONS_SHOWN = 3


def build(
    domain: Domain,
    sources: Iterable[Path],
    out: Path,
    *,
    split: Split | None = None,
    recipe: Recipe | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Corpus:
    """Makes a corpus of files and folders in the folder `out`, which must not exist yet or be empty.

    `split` is, where not given, the recipe's or 0.9, 0.05, 0.05. Raises CorpusError when the files give too little,
    OutputError when `out` is taken or cannot be written, PluginError when the domain cannot be made in a worker.
    """
    out, paths = Path(out), [Path(source) for source in sources]
    split = split or (recipe.split if recipe else Split())
    _check_free(out)
    total = sum(1 for _ in walk(paths, domain.reads))
    if not total:
        endings = f" of {domain.name!r} ({', '.join(domain.reads)})" if domain.reads else ""
        raise CorpusError(f"There are no files{endings} in {', '.join(map(str, paths)) or 'nothing'}; name others.")
    domain = _learned(domain, paths, split)
    with (
        _new_folder(out) as folder,
        closing(_Writer(folder, domain)) as writer,
        Readers(domain, limits=limits) as readers,
    ):
        for done, (source, reading) in enumerate(readers.read(walk(paths, domain.reads)), 1):
            writer.add(source, reading)
            if progress:
                progress(done, total)
        writer.finish(split, recipe)
    return Corpus.open(out)


def _learned(domain: Domain, paths: list[Path], split: Split) -> Domain:
    """The domain with the vocabulary that it learns from the training split; a fixed one reads nothing."""

    def items() -> Iterator[Any]:
        for source in walk(paths, domain.reads):
            try:
                for item in domain.read(source.path):
                    if place(fingerprint(item)) < split.train:
                        yield item
            except UnusableFile:
                continue

    return type(domain)(domain.settings, domain.learn(items()))


class _Writer:
    """What grows in the new folder while files come in; holds a few numbers a document in memory."""

    def __init__(self, folder: Path, domain: Domain) -> None:
        self._folder = folder
        self._domain = domain
        self._shards = ShardWriter(folder, len(domain.vocabulary))
        self._seen = _Seen(folder / "seen.sqlite")
        self._sources = open(folder / "sources.jsonl", "w", encoding="utf-8")  # noqa: SIM115 (closed by `close`)
        self._lengths, self._places = array("i"), array("d")
        self._dropped: Counter[str] = Counter()

    def add(self, source: Source, reading: Reading) -> None:
        """Takes in what one file gave."""
        dropped = Counter(reading.dropped) if reading.reason is None else Counter({reading.reason: 1})
        self._dropped += dropped
        kept = 0
        for document in reading.documents:
            original = self._seen.first(document, source.name)
            if original is not None:
                dropped[f"{COPY} of {original}"] += 1
                self._dropped[COPY] += 1
                continue
            self._shards.add(document.ids, document.weights)
            self._lengths.append(len(document.ids))
            self._places.append(place(document.fingerprint))
            kept += 1
        try:
            digest = sha256(source.path)
        except OSError:
            digest = None
        line = {"path": source.name, "sha256": digest, "documents": kept, "dropped": dict(dropped)}
        self._sources.write(json.dumps(line, ensure_ascii=False) + "\n")

    def finish(self, split: Split, recipe: Recipe | None) -> None:
        """Writes the index and the manifest; raises CorpusError when too little was kept."""
        if not self._lengths:
            raise CorpusError(f"None of the files can be used: {self._top_reasons()}.")
        try:
            sides = assign(split, np.array(self._places))
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
            "recipe": recipe.model_dump(mode="json") if recipe else None,
            "shards": self._shards.shards,
            "vocabulary": list(self._domain.vocabulary.names[2:]),
        }
        self.close()
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (self._folder / "manifest.json").write_text(text, encoding="utf-8")

    def close(self) -> None:
        self._seen.close()
        self._sources.close()

    def _top_reasons(self) -> str:
        top = self._dropped.most_common(REASONS_SHOWN)
        return "; ".join(f"{count} × {reason}" for reason, count in top) or "nothing"


class _Seen:
    """Which documents were met before, and in which file; on disk, because there may be very many."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table = sqlite3.connect(path, isolation_level=None)
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (content BLOB PRIMARY KEY, source TEXT) WITHOUT ROWID")

    def first(self, document: Encoded, source: str) -> str | None:
        """The file that held a copy before, or None, in which case `source` is remembered.

        The ids are compared, not the items: two items that differ in nothing a model can see are copies too.
        """
        content = hashlib.blake2b(document.ids.tobytes() + document.weights.tobytes(), digest_size=16).digest()
        found = self._table.execute("SELECT source FROM seen WHERE content = ?", (content,)).fetchone()
        if found:
            return str(found[0])
        self._table.execute("INSERT INTO seen VALUES (?, ?)", (content, source))
        return None

    def close(self) -> None:
        self._table.close()
        self._path.unlink(missing_ok=True)


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

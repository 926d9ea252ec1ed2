"""Learns a vocabulary from the training split alone.

So the split of every document is decided first, by content alone. Workers read the files once and send the fingerprint
of each document and what the domain observes of it. This is kept on disk, from where an interrupted build continues; in
memory a document costs 40 bytes. The files are read a second time to be encoded. If the vocabulary is fixed, none of
this happens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE
from seqgen.corpus.building.duplicates import DuplicateIndex
from seqgen.corpus.reading.sources import SourceFiles
from seqgen.corpus.reading.workers import Limits, WorkerPool
from seqgen.corpus.storage.journal import Journal, ProcessedFiles
from seqgen.corpus.storage.split import MIN_DOCUMENTS, Splitter
from seqgen.corpus.storage.store import SPLITS

ROW = np.dtype([("key", f"V{SIZE}"), ("group", f"V{SIZE}"), ("position", "<f8")])
"""What is kept of each observed document."""


class TrainingObservations:
    """An iterable of the observation of every document of the training split. The first iteration reads the files.

    moved_groups: by fingerprint, the split of each group of documents that was moved to fill an empty split. None as
                  long as the splits are not decided.
    """

    def __init__(
        self,
        domain: Domain[Any],
        files: SourceFiles,
        splitter: Splitter,
        journal: Journal,
        limits: Limits | None,
        progress: Callable[[int], None],
    ) -> None:
        """`progress` is called with the number of files that were read."""
        self.moved_groups: dict[bytes, int] | None = None
        self._domain = domain
        self._files = files
        self._splitter = splitter
        self._journal = journal
        self._spool = journal.folder / "observations.part"
        self._limits = limits
        self._progress = progress
        self._splits: np.ndarray | None = None

    def __iter__(self) -> Iterator[Any]:
        if self._splits is None:
            self._splits = self._decide(self._read())
        with open(self._spool, encoding="utf-8") as lines:
            for line, split in zip(lines, self._splits, strict=True):
                if split == SPLITS.index("train"):
                    yield json.loads(line)

    def _read(self) -> np.ndarray:
        """Spools the observation of every document that is no duplicate, and returns ROW[n] of them."""
        folder = self._journal.folder
        processed, spool = ProcessedFiles(self._journal, "learned-from.part"), self._journal.open(self._spool.name)
        rows = self._journal.open("observed.part")
        begun = processed.count
        sources = processed.skip(self._files.walk(folder, lambda number: number >= begun))
        with (
            closing(DuplicateIndex(folder / "observations.sqlite")) as index,
            WorkerPool(self._domain, limits=self._limits, task="learn", spool=folder) as pool,
        ):
            for key in np.fromfile(folder / "observed.part", ROW)["key"]:
                index.find_or_add(key.tobytes(), key.tobytes(), "")
            for done, (source, content) in enumerate(pool.read(sources), begun + 1):
                for one in content.observations:
                    if index.find_or_add(one.key, one.key, source.name) is None:
                        position = self._splitter.position(one.group, source.split)
                        rows.write(np.array((one.key, one.group, position), ROW).tobytes())
                        spool.write(json.dumps(one.value).encode() + b"\n")
                processed.add(source)
                self._journal.commit()
                self._progress(done)
        return np.fromfile(folder / "observed.part", ROW)

    def _decide(self, rows: np.ndarray) -> np.ndarray:
        """Returns the split of each document: uint8[n].

        From too few documents nothing is learned. The error comes later, when they are encoded.
        """
        positions = rows["position"]
        if len(positions) < MIN_DOCUMENTS:
            return np.full(len(positions), SPLITS.index("valid"), np.uint8)
        splits = self._splitter.assign(positions)
        moved = np.flatnonzero(splits != self._splitter.splits_at(positions)).tolist()
        self.moved_groups = {rows["group"][row].tobytes(): int(splits[row]) for row in moved}
        return splits

"""Learns a vocabulary from the training split alone.

So the split of every document is decided first, by content alone. Workers read the files once and send the fingerprint
of each document and what the domain observes of it. This is kept on disk, from where an interrupted build continues; in
memory a document costs 49 bytes. The files are read a second time to be encoded. If the vocabulary is fixed, none of
this happens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Reading
from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE
from seqgen.corpus.building.duplicates import DuplicateIndex
from seqgen.corpus.building.file_reader import FileReader
from seqgen.corpus.reading.cutting import NOTHING_IS_CUT, Cutting
from seqgen.corpus.reading.read_file import ReadingPass
from seqgen.corpus.storage.journal import Journal, ProcessedFiles
from seqgen.corpus.storage.split import MIN_DOCUMENTS, Splitter
from seqgen.corpus.storage.store import SPLITS

ROW = np.dtype([("key", f"V{SIZE}"), ("group", f"V{SIZE}"), ("position", "<f8"), ("size", "<i8"), ("is_named", "?")])
"""What is kept of each observed document: its size in bytes, and whether the user named a split for its file."""


class TrainingObservations:
    """An iterable of the observation of every document of the training split. The first iteration reads the files.

    moved_groups: by fingerprint, the split of each group of documents that is not in the split of its position. None
                  as long as the splits are not decided.
    cutting:      which documents are cut inside. Only the first part of these is observed.
    """

    def __init__(
        self,
        domain: Domain[Any],
        reader: FileReader,
        splitter: Splitter,
        journal: Journal,
        progress: Callable[[int], None],
    ) -> None:
        """`progress` is called with the number of files that were read."""
        self.moved_groups: dict[bytes, int] | None = None
        self.cutting = NOTHING_IS_CUT
        self._domain = domain
        self._reader = reader
        self._splitter = splitter
        self._journal = journal
        self._spool = journal.folder / "observations.part"
        self._progress = progress
        self._splits: np.ndarray | None = None
        self._is_cut = np.zeros(0, bool)

    def decide_splits(self) -> None:
        """Reads the files and decides the splits, if that is not done already."""
        if self._splits is None:
            rows = self._read()
            self._is_cut = np.zeros(len(rows), bool)
            reading, learning = self._domain.reading, self._domain.learning
            # Only an observation that is the item itself can be cut.
            observes_items = learning is None or not learning.offers("observe")
            if reading is not None and reading.offers("cut") and observes_items:
                self._decide_cuts(rows, reading)
            self._splits = self._decide(rows)

    def __iter__(self) -> Iterator[Any]:
        self.decide_splits()
        assert self._splits is not None
        with open(self._spool, encoding="utf-8") as lines:
            for line, split, is_cut in zip(lines, self._splits, self._is_cut, strict=True):
                if is_cut:
                    yield self._domain.require(Reading).cut(json.loads(line), self.cutting.shares)[0]
                elif split == SPLITS.index("train"):
                    yield json.loads(line)

    def _read(self) -> np.ndarray:
        """Spools the observation of every document that is no duplicate, and returns ROW[n] of them."""
        folder = self._journal.folder
        processed, spool = ProcessedFiles(self._journal, "learned-from.part"), self._journal.open(self._spool.name)
        rows = self._journal.open("observed.part")
        begun = processed.count
        with (
            closing(DuplicateIndex(folder / "observations.sqlite")) as index,
            closing(self._reader.read(ReadingPass(self._domain, "learn"), processed, folder)) as files,
        ):
            for key in np.fromfile(folder / "observed.part", ROW)["key"]:
                index.find_or_add(key.tobytes(), key.tobytes(), "")
            for done, file in enumerate(files, begun + 1):
                for one in file.content.observations:
                    if index.find_or_add(one.key, one.key, file.name) is None:
                        line = json.dumps(one.value).encode() + b"\n"
                        position = self._splitter.position(one.group, file.split)
                        is_named = file.split is not None
                        rows.write(np.array((one.key, one.group, position, len(line), is_named), ROW).tobytes())
                        spool.write(line)
                processed.add(file)
                self._journal.commit()
                self._progress(done)
        return np.fromfile(folder / "observed.part", ROW)

    def _decide_cuts(self, rows: np.ndarray, reading: Reading[Any]) -> None:
        """Decides which documents are cut inside: those that are larger than half of the smallest split."""
        shares = tuple(self._splitter.open_shares().values())
        is_large = ~rows["is_named"] & (rows["size"] > min(shares) / 2 * rows["size"].sum())
        if len(shares) == 1 or not is_large.any():
            return
        with open(self._spool, encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if is_large[number]:
                    self._is_cut[number] = len(reading.cut(json.loads(line), shares)) == len(shares)
        self.cutting = Cutting(frozenset(key.tobytes() for key in rows["key"][self._is_cut]), shares)

    def _decide(self, rows: np.ndarray) -> np.ndarray:
        """Returns the split of each document that is not cut: uint8[n].

        From too few documents nothing is learned. The error comes later, when they are encoded.
        """
        has_cuts = bool(self._is_cut.any())
        if len(rows) < MIN_DOCUMENTS and not has_cuts:
            return np.full(len(rows), SPLITS.index("valid"), np.uint8)
        positions, splits = rows["position"], np.zeros(len(rows), np.uint8)
        rest = ~self._is_cut
        splits[rest] = self._splitter.assign(positions[rest], rows["size"][rest], may_leave_empty=has_cuts)
        moved = np.flatnonzero(rest & (splits != self._splitter.splits_at(positions))).tolist()
        self.moved_groups = {rows["group"][row].tobytes(): int(splits[row]) for row in moved}
        return splits

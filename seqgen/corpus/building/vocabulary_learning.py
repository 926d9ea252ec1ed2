"""A vocabulary is learned from the training split, and from nothing else.

So the sides of all documents are decided first, by content alone: the files are read once in workers, which send the
fingerprint of each document and what the domain wants to learn from. That is kept on disk, from where an interrupted
build goes on; in memory a document costs 24 bytes. The files are read a second time to be encoded. A fixed vocabulary
never looks, and costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from seqgen.contract.domain import Domain
from seqgen.contract.fingerprint import SIZE
from seqgen.corpus.building.duplicates import Copies
from seqgen.corpus.reading.sources import Source
from seqgen.corpus.reading.workers import Limits, Readers
from seqgen.corpus.storage.journal import Journal, Stage
from seqgen.corpus.storage.split import LEAST_DOCUMENTS, Split, assign
from seqgen.corpus.storage.store import SPLITS

SEEN = np.dtype([("key", f"V{SIZE}"), ("group", f"V{SIZE}"), ("place", "<f8")])
Moved = dict[bytes, int]
"""By fingerprint, the split of each group of documents that is in another split than its fingerprint says."""


class TrainingObservations:
    """The observation of every document of the training split. The files are read at the first iteration.

    moved: the documents that were moved to fill an empty split, known after that; None where nothing was decided
    """

    def __init__(
        self,
        domain: Domain[Any],
        files: Callable[[Callable[[int], bool]], Iterator[Source]],
        split: Split,
        named: Collection[str],
        journal: Journal,
        limits: Limits | None,
        progress: Callable[[int], None],
    ) -> None:
        """`files(wanted)` gives them in order, `journal` keeps what is spooled, `progress(done)` is told of each.

        named: the splits that nothing but files named for them goes to
        """
        self.moved: Moved | None = None
        self._domain = domain
        self._files = files
        self._split = split
        self._named = named
        self._journal = journal
        self._spool = journal.folder / "observations.part"
        self._limits = limits
        self._progress = progress
        self._sides: np.ndarray | None = None

    def __iter__(self) -> Iterator[Any]:
        if self._sides is None:
            self._sides = self._decide(self._read())
        with open(self._spool, encoding="utf-8") as lines:
            for line, side in zip(lines, self._sides, strict=True):
                if side == SPLITS.index("train"):
                    yield json.loads(line)

    def _read(self) -> np.ndarray:
        """Spools the observation of every document, copies left out; gives SEEN[n] of them."""
        folder = self._journal.folder
        stage, spool = Stage(self._journal, "learned-from.part"), self._journal.open(self._spool.name)
        seen = self._journal.open("seen.part")
        begun = stage.done
        rest = stage.rest(self._files(lambda number: number >= begun))
        with (
            closing(Copies(folder / "observations.sqlite")) as copies,
            Readers(self._domain, limits=self._limits, task="learn", spool=folder) as readers,
        ):
            for known in np.fromfile(folder / "seen.part", SEEN)["key"]:
                copies.first(known.tobytes(), known.tobytes(), "")
            for done, (source, reading) in enumerate(readers.read(rest), begun + 1):
                for document in reading.observations:
                    if copies.first(document.key, document.key, source.name) is None:
                        place = self._split.place(document.group, source.side, self._named)
                        seen.write(np.array((document.key, document.group, place), SEEN).tobytes())
                        spool.write(json.dumps(document.value).encode() + b"\n")
                stage.add(source)
                self._journal.commit()
                self._progress(done)
        return np.fromfile(folder / "seen.part", SEEN)

    def _decide(self, seen: np.ndarray) -> np.ndarray:
        """uint8[n]: the side of each document. Of too few nothing is learned; encoding them will say why."""
        where = seen["place"]
        if len(where) < LEAST_DOCUMENTS:
            return np.full(len(where), SPLITS.index("valid"), np.uint8)
        sides = assign(self._split, where, self._named)
        elsewhere = np.flatnonzero(sides != self._split.side(where)).tolist()
        self.moved = {seen["group"][row].tobytes(): int(sides[row]) for row in elsewhere}
        return sides

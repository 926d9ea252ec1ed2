"""A vocabulary is learned from the training split, and from nothing else.

So the sides of all documents are decided first, by content alone: the files are read once in workers, which send the
fingerprint of each document and what the domain wants to learn from. That is kept on disk; in memory a document costs
24 bytes. The files are read a second time to be encoded. A fixed vocabulary never looks, and costs nothing.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.corpus.copies import Copies
from seqgen.corpus.fingerprint import SIZE
from seqgen.corpus.sources import Source
from seqgen.corpus.split import LEAST_DOCUMENTS, SPLITS, Split, assign
from seqgen.corpus.workers import Limits, Readers
from seqgen.domain import Domain

Moved = dict[bytes, int]
"""By fingerprint, the side of each document that stands elsewhere than its content says."""


class TrainingEvidence:
    """The evidence of every document of the training split; the files are read when it is first gone through.

    moved: the documents that were moved to fill an empty split, known after that; None where nothing was decided
    """

    def __init__(
        self,
        domain: Domain,
        files: Callable[[], Iterator[Source]],
        split: Split,
        named: Collection[str],
        folder: Path,
        limits: Limits | None,
        progress: Callable[[int], None],
    ) -> None:
        """`files()` gives them in order, `folder` takes what is spooled, `progress(done)` is told of each file.

        named: the sides that files were named for
        """
        self.moved: Moved | None = None
        self._domain = domain
        self._files = files
        self._split = split
        self._named = named
        self._spool = folder / "evidence.jsonl"
        self._limits = limits
        self._progress = progress
        self._sides: np.ndarray | None = None

    def __iter__(self) -> Iterator[Any]:
        if self._sides is None:
            self._sides = self._decide(*self._read())
        with open(self._spool, encoding="utf-8") as lines:
            for line, side in zip(lines, self._sides, strict=True):
                if side == SPLITS.index("train"):
                    yield json.loads(line)

    def _read(self) -> tuple[bytearray, np.ndarray]:
        """Spools the evidence of every document, copies left out; gives their fingerprints end to end, and places."""
        prints, places = bytearray(), array("d")
        with (
            closing(Copies(self._spool.with_name("evidence.sqlite"))) as copies,
            open(self._spool, "w", encoding="utf-8") as spool,
            Readers(self._domain, limits=self._limits, learning=True, spool=self._spool.parent) as readers,
        ):
            for done, (source, reading) in enumerate(readers.read(self._files()), 1):
                for document in reading.evidence:
                    if copies.first(document.fingerprint, source.name) is None:
                        prints += document.fingerprint
                        places.append(self._split.place(document.fingerprint, source.side, self._named))
                        spool.write(json.dumps(document.value) + "\n")
                self._progress(done)
        return prints, np.array(places)

    def _decide(self, prints: bytearray, where: np.ndarray) -> np.ndarray:
        """uint8[n]: the side of each document. Of too few nothing is learned; encoding them will say why."""
        if len(where) < LEAST_DOCUMENTS:
            return np.full(len(where), SPLITS.index("valid"), np.uint8)
        sides = assign(self._split, where, self._named)
        elsewhere = np.flatnonzero(sides != self._split.side(where)).tolist()
        self.moved = {bytes(prints[SIZE * row : SIZE * (row + 1)]): int(sides[row]) for row in elsewhere}
        return sides

    def close(self) -> None:
        self._spool.unlink(missing_ok=True)

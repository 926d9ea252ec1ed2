"""Documents → batches for evaluation: every document exactly once and in full, in B parallel streams.

Each target is counted once. The longest documents are laid first, each into the stream that has least so far (Graham's
longest-processing-time rule), so that the streams end at about the same step. A document's last token is no input here:
nothing of that document follows it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from seqgen.corpus.storage.packing import Packing, pack
from seqgen.corpus.storage.store import Documents
from seqgen.corpus.storage.stream import Batch, Document, states_of
from seqgen.grammar import BOS, Grammar

Piece = tuple[int, int, int]
"""Document, first and last input (exclusive)."""


def whole(
    documents: Documents, grammar: Grammar, *, streams: int, steps: int, longest: int | None = None
) -> Iterator[tuple[Batch, np.ndarray]]:
    """Batches of shape [steps, streams], each with int32[steps, streams]: the document of each target, -1 for filler.

    With `longest`, documents of more targets than that are cut into pieces, so that streams share a huge document. A
    later piece begins with a BOS of weight 0, at which the engine forgets, and with the document's true states.
    What is left of a stream is filled with BOS of weight 0. Raises CorpusError when a document breaks the grammar.
    """
    cut, first, order, packing = _plan(documents, streams, longest)

    # The pieces of a huge document are read side by side by several streams.
    @functools.lru_cache(maxsize=4)
    def load(index: int) -> Document:
        ids, weights = documents[index]
        return Document(ids, ids, weights, states_of(grammar, ids, index))

    def pieces(lane: int) -> Iterator[Piece]:
        for piece in map(int, order[packing.lanes == lane]):
            index = int(np.searchsorted(first, piece, side="right")) - 1
            start = (piece - int(first[index])) * cut
            yield index, start, min(start + cut, int(documents.lengths[index]) - 1)

    lanes = [_Lane(pieces(lane), load) for lane in range(streams)]
    for _ in range(-(-max(packing.loads) // steps)):
        columns = [lane.take(steps) for lane in lanes]
        fields = [np.stack(field, axis=1) for field in zip(*columns, strict=True)]
        yield Batch(*fields[:4]), fields[4]


def _plan(documents: Documents, streams: int, longest: int | None) -> tuple[int, np.ndarray, np.ndarray, Packing]:
    """How pieces are laid: their size, each document's first one, their order and where they lie.

    Kept as arrays of numbers: a few bytes a document.
    """
    targets = documents.lengths.astype(np.int64) - 1
    cut = longest or int(targets.max(initial=1)) or 1
    counts = -(-targets // cut)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if len(counts) else np.zeros(0, np.int64)
    sizes = np.full(int(counts.sum()), cut, np.int64)
    has_any = counts > 0
    sizes[(first + counts - 1)[has_any]] = (targets - (counts - 1) * cut)[has_any]
    later = np.ones(len(sizes), bool)
    later[first[has_any]] = False
    sizes[later] += 1
    order = np.argsort(-sizes, kind="stable")
    return cut, first, order, pack(sizes[order], [0] * streams)


class _Lane:
    """One stream: pieces end to end, then filler without end."""

    def __init__(self, pieces: Iterator[Piece], load: Callable[[int], Document]) -> None:
        self._pieces = pieces
        self._load = load
        self._columns = _filler(0)

    def take(self, steps: int) -> tuple[np.ndarray, ...]:
        """The next inputs, targets, weights, states and documents: each [steps]."""
        held, parts = len(self._columns[0]), [self._columns]
        while held < steps:
            piece = next(self._pieces, None)
            parts.append(_filler(steps - held) if piece is None else self._lay(piece))
            held += len(parts[-1][0])
        columns = [np.concatenate(field) for field in zip(*parts, strict=True)]
        self._columns = tuple(field[steps:] for field in columns)
        return tuple(field[:steps] for field in columns)

    def _lay(self, piece: Piece) -> tuple[np.ndarray, ...]:
        index, start, stop = piece
        document = self._load(index)
        columns = (
            document.ids[start:stop],
            document.targets[start + 1 : stop + 1],
            document.weights[start + 1 : stop + 1],
            document.states[start:stop],
            np.full(stop - start, index, np.int32),
        )
        if start == 0:
            return columns
        return tuple(np.concatenate(pair) for pair in zip(_filler(1), columns, strict=True))


def _filler(steps: int) -> tuple[np.ndarray, ...]:
    bos, weights = np.full(steps, BOS, np.int32), np.zeros(steps, np.float32)
    return bos, bos, weights, np.zeros(steps, np.int32), np.full(steps, -1, np.int32)

"""Evaluation batches: every document exactly once and in full, in B parallel streams.

Each target is counted once. The longest documents are packed first, each into the stream that ends first (Graham's
longest-processing-time rule), so that the streams end at about the same step. The last token of a document is no input,
because no target follows it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.packing import Packing, pack
from seqgen.corpus.storage.training_batches import Batch, Document, grammar_states
from seqgen.grammar import BOS, Grammar

Piece = tuple[int, int, int]
"""The number of a document, its first input, and the end of its inputs (exclusive)."""


def evaluation_batches(
    documents: Documents,
    grammar: Grammar,
    *,
    batch_size: int,
    bptt_length: int,
    max_length: int | None = None,
    streams: range | None = None,
) -> Iterator[tuple[Batch, np.ndarray]]:
    """Yields batches of shape [T, B], each with the number of the document of each target: int32[T, B].

    B is `batch_size`, T is `bptt_length`. The end of a stream is filled with BOS of weight 0, whose document is −1.
    Documents of more than `max_length` targets are cut into pieces, so that several streams share a huge document. A
    later piece begins with a BOS of weight 0, which resets the model, and with the true states of the document.
    With `streams`, the batches have only these of the B streams: the share of one of several workers.
    Raises CorpusError if the grammar forbids a document.
    """
    piece_length, first, order, packing = _plan(documents, batch_size, max_length)

    # Several streams read pieces of one huge document at the same time.
    @functools.lru_cache(maxsize=4)
    def load(index: int) -> Document:
        ids, weights = documents[index]
        return Document(ids, ids, weights, grammar_states(grammar, ids, documents.describe(index)))

    def pieces(stream: int) -> Iterator[Piece]:
        for piece in map(int, order[packing.streams == stream]):
            index = int(np.searchsorted(first, piece, side="right")) - 1
            start = (piece - int(first[index])) * piece_length
            yield index, start, min(start + piece_length, int(documents.lengths[index]) - 1)

    own = [_Stream(pieces(stream), load) for stream in (range(batch_size) if streams is None else streams)]
    for _ in range(-(-max(packing.ends) // bptt_length)):
        columns = [stream.take(bptt_length) for stream in own]
        inputs, targets, weights, states, numbers = (np.stack(field, axis=1) for field in zip(*columns, strict=True))
        yield Batch(inputs, targets, weights, states), numbers


def _plan(documents: Documents, batch_size: int, max_length: int | None) -> tuple[int, np.ndarray, np.ndarray, Packing]:
    """Returns the length of a piece, the first piece of each document, the order of the pieces, and their packing.

    These are arrays of numbers, which need a few bytes for each document.
    """
    targets = documents.lengths.astype(np.int64) - 1
    piece_length = max_length or int(targets.max(initial=1)) or 1
    counts = -(-targets // piece_length)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64) if len(counts) else np.zeros(0, np.int64)
    sizes = np.full(int(counts.sum()), piece_length, np.int64)
    has_any = counts > 0
    sizes[(first + counts - 1)[has_any]] = (targets - (counts - 1) * piece_length)[has_any]
    later = np.ones(len(sizes), bool)
    later[first[has_any]] = False
    sizes[later] += 1
    order = np.argsort(-sizes, kind="stable")
    return piece_length, first, order, pack(sizes[order], [0] * batch_size)


class _Stream:
    """One stream: its pieces, and then an endless filler."""

    def __init__(self, pieces: Iterator[Piece], load: Callable[[int], Document]) -> None:
        self._pieces = pieces
        self._load = load
        self._columns = _filler(0)

    def take(self, steps: int) -> tuple[np.ndarray, ...]:
        """Returns the next inputs, targets, weights, states and document numbers, each [steps]."""
        length, parts = len(self._columns[0]), [self._columns]
        while length < steps:
            piece = next(self._pieces, None)
            parts.append(_filler(steps - length) if piece is None else self._read(piece))
            length += len(parts[-1][0])
        columns = [np.concatenate(field) for field in zip(*parts, strict=True)]
        self._columns = tuple(field[steps:] for field in columns)
        return tuple(field[:steps] for field in columns)

    def _read(self, piece: Piece) -> tuple[np.ndarray, ...]:
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

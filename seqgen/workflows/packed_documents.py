"""Documents that lie end to end in parallel streams, read a segment at a time, so that long ones need little memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from seqgen.corpus.storage.packing import pack
from seqgen.engine.scoring.packed_scorer import SEGMENT_LENGTH, PackedSegment
from seqgen.grammar import BOS, Grammar

SMALL_BATCH_SIZE, LARGE_BATCH_SIZE = 8, 64
"""A few documents would leave most of many streams empty. There are two sizes, because each is compiled once."""


class Span(NamedTuple):
    """A part of a document in a segment: ids `first` to `first + length` lie in a stream from a step on."""

    document: int
    first: int
    length: int
    step: int
    stream: int


def packed_segments(documents: Sequence[np.ndarray], grammar: Grammar) -> Iterator[tuple[PackedSegment, list[Span]]]:
    """Yields segments of B streams of documents int32[n], each from BOS on, and what lies where in each segment.

    The longest documents come first, so that the streams end at about the same step. The ends are filled with BOS.
    Raises ValueError for a document that the grammar forbids.
    """
    lengths = np.array([len(ids) for ids in documents], np.int64)
    order = np.argsort(-lengths, kind="stable")
    batch_size = SMALL_BATCH_SIZE if len(documents) <= SMALL_BATCH_SIZE else LARGE_BATCH_SIZE
    packing = pack(lengths[order], [0] * batch_size)
    streams = [_Stream(documents, order[packing.streams == stream].tolist(), grammar) for stream in range(batch_size)]
    for _ in range(-(-max(packing.ends) // SEGMENT_LENGTH)):
        shape = (SEGMENT_LENGTH, batch_size)
        segment = PackedSegment(np.full(shape, BOS, np.int32), np.full(shape, BOS, np.int32),
                                np.full(shape, grammar.start, np.int32))  # fmt: skip
        spans = [span for number, stream in enumerate(streams) for span in stream.fill(segment, number)]
        yield segment, spans


class _Stream:
    """One stream: some of the documents, one after the other. The states of one document are in memory at a time."""

    def __init__(self, documents: Sequence[np.ndarray], numbers: Sequence[int], grammar: Grammar) -> None:
        self._documents = documents
        self._numbers = iter(numbers)
        self._grammar = grammar
        self._document = -1
        self._ids = self._states = np.zeros(0, np.int32)
        self._first = 0

    def fill(self, segment: PackedSegment, stream: int) -> Iterator[Span]:
        """Writes the next steps of this stream into a segment, and yields the parts of documents that they are."""
        step = 0
        while step < len(segment.inputs) and self._has_more():
            first, count = self._first, min(len(self._ids) - self._first, len(segment.inputs) - step)
            targets = self._ids[first + 1 : first + count + 1]
            segment.inputs[step : step + count, stream] = self._ids[first : first + count]
            segment.targets[step : step + len(targets), stream] = targets
            segment.states[step : step + count, stream] = self._states[first : first + count]
            yield Span(self._document, first, count, step, stream)
            self._first += count
            step += count

    def _has_more(self) -> bool:
        """Whether there is another id in this stream. Goes on to the next document at the end of one."""
        while self._first == len(self._ids):
            number = next(self._numbers, None)
            if number is None:
                return False
            self._document, self._first = number, 0
            self._ids = self._documents[number]
            self._states = self._grammar.unroll(self._ids)
        return True

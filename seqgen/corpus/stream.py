"""Documents → batches for training: packed streams without padding, in an order that is a pure function of the step.

All documents in the random order of epoch 0, laid end to end, then all of them in the order of epoch 1, and so on,
make one endless tape of N tokens an epoch. Stream b begins at position b·N/B of it and reads T tokens a step. So every
N/(B·T) steps see every token once, a document is never cut (but for those at which the streams begin), and a resumed
run sees what an uninterrupted one would have, with no state to save.

Each stream comes past every document of an epoch once; each passing is augmented afresh.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from seqgen.corpus.store import Documents
from seqgen.errors import CorpusError, PluginError
from seqgen.grammar import Grammar

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Batch(NamedTuple):
    """One segment of B streams, time first.

    inputs:  int32[T, B]; ids
    targets: int32[T, B]; the id that follows each input
    weights: float32[T, B]; how much each target counts; 0 where it is a BOS
    states:  int32[T, B]; the state of the domain's grammar after each input
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray


class Document(NamedTuple):
    """One document ready to be laid into a stream: ids int32[n], weights float32[n], states int32[n]."""

    ids: np.ndarray
    weights: np.ndarray
    states: np.ndarray


class _Epoch(NamedTuple):
    """The order of one epoch: which document stands at each place, and the offset at which each place ends."""

    order: np.ndarray
    ends: np.ndarray


class Stream:
    """Training batches of shape [steps, streams]; `batch(step)` depends on the arguments here and on `step` alone.

    Raises CorpusError when there are no documents.
    """

    def __init__(
        self,
        documents: Documents,
        grammar: Grammar,
        *,
        streams: int,
        steps: int,
        seed: int,
        augment: Augment | None = None,
    ) -> None:
        if not len(documents):
            raise CorpusError("There are no documents to train on; build the corpus from more files.")
        self._documents = documents
        self._grammar = grammar
        self._streams = streams
        self._steps = steps
        self._seed = seed
        self._augment = augment
        self._tokens = documents.total
        self._epochs: dict[int, _Epoch] = {}
        self._current: dict[int, tuple[tuple[int, int], Document]] = {}

    @property
    def epoch_steps(self) -> float:
        """How many steps it takes to see every token once."""
        return self._tokens / (self._streams * self._steps)

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0.

        Raises CorpusError for a document that its grammar forbids, PluginError for an `augment` of another length.
        """
        # One token more than T: the target of the last input.
        shape = (self._streams, self._steps + 1)
        ids, states, weights = np.empty(shape, np.int32), np.empty(shape, np.int32), np.empty(shape, np.float32)
        for stream in range(self._streams):
            position = stream * self._tokens // self._streams + step * self._steps
            filled = 0
            while filled <= self._steps:
                document, first = self._at(stream, position + filled)
                until = min(filled + len(document.ids) - first, self._steps + 1)
                last = first + until - filled
                ids[stream, filled:until] = document.ids[first:last]
                weights[stream, filled:until] = document.weights[first:last]
                states[stream, filled:until] = document.states[first:last]
                filled = until
        return Batch(
            np.ascontiguousarray(ids[:, :-1].T),
            np.ascontiguousarray(ids[:, 1:].T),
            np.ascontiguousarray(weights[:, 1:].T),
            np.ascontiguousarray(states[:, :-1].T),
        )

    def _at(self, stream: int, position: int) -> tuple[Document, int]:
        """The document at a position of the tape, and which of its tokens stands there."""
        number, offset = divmod(position, self._tokens)
        epoch = self._epoch(number)
        place = int(np.searchsorted(epoch.ends, offset, side="right"))
        index = int(epoch.order[place])
        document = self._document(stream, number, index)
        return document, offset - int(epoch.ends[place]) + len(document.ids)

    def _epoch(self, number: int) -> _Epoch:
        if number not in self._epochs:
            # Streams that began at spread offsets stand in at most two epochs at a time.
            while len(self._epochs) > 1:
                del self._epochs[min(self._epochs)]
            order = np.random.default_rng([self._seed, number]).permutation(len(self._documents)).astype(np.int32)
            self._epochs[number] = _Epoch(order, np.cumsum(self._documents.lengths[order], dtype=np.int64))
        return self._epochs[number]

    def _document(self, stream: int, epoch: int, index: int) -> Document:
        """A document as this stream sees it in this epoch; the last one of each stream is kept for its next segment."""
        key = (epoch, index)
        held = self._current.get(stream)
        if held is not None and held[0] == key:
            return held[1]
        ids, weights = self._documents[index]
        if self._augment is not None:
            ids = self._augmented(ids, np.random.default_rng([self._seed, 1, epoch, index, stream]))
        document = Document(ids, weights, states_of(self._grammar, ids, index))
        self._current[stream] = (key, document)
        return document

    def _augmented(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        assert self._augment is not None
        other = self._augment(ids, rng)
        if other.shape != ids.shape:
            raise PluginError(f"augment made {len(other)} ids of {len(ids)}; a plugin's augment must keep the length.")
        return other


def states_of(grammar: Grammar, ids: np.ndarray, index: int) -> np.ndarray:
    """The grammar's state after each id: int32[n]; raises CorpusError when document `index` breaks the grammar."""
    try:
        return grammar.unroll(ids)
    except ValueError as error:
        raise CorpusError(
            f"Document {index} does not follow the grammar of its domain: {error}; "
            "build the corpus again with the plugin that is installed now."
        ) from error

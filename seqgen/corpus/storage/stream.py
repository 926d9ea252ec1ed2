"""Documents → batches for training: packed streams without padding, in an order that is a pure function of the step.

All documents in the random order of epoch 0, then all in the order of epoch 1, and so on, are laid one by one into the
stream that has least so far (packing.py); a batch is the next T tokens of every stream. So N/(B·T) steps see each of N
tokens about once, no document is ever cut, and a resumed run sees what an uninterrupted one would have: where streams
stand at the beginning of an epoch is worked out again, with no state to save. Streams begin at spread offsets, or
documents of equal length would all begin at the same step for ever; only those first ones are entered in the middle.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from seqgen.contract.documents import AuxiliaryTargets
from seqgen.corpus.storage.packing import pack
from seqgen.corpus.storage.segment_lengths import Lengths
from seqgen.corpus.storage.store import Documents
from seqgen.errors import CorpusError, PluginError
from seqgen.grammar import Grammar

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
GetAuxiliaryTargets = Callable[[np.ndarray, np.random.Generator], AuxiliaryTargets | None]
EPOCHS_HELD = 3


class Batch(NamedTuple):
    """One segment of B streams, time first.

    inputs:  int32[T, B]; ids
    targets: int32[T, B]; the id that follows each input, or an auxiliary target
    weights: float32[T, B]; how much each target counts; 0 where it is a BOS
    states:  int32[T, B]; the state of the domain's grammar after each input
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray


class Document(NamedTuple):
    """One document ready to be laid into a stream.

    ids:     int32[n]
    targets: int32[n]; what is to be predicted in the place of each id: itself, or an auxiliary target
    weights: float32[n]; how much each target counts
    states:  int32[n]; the state of the grammar after each id, or that of an auxiliary target
    """

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray

    def with_auxiliary(self, auxiliary: AuxiliaryTargets, grammar: Grammar) -> Document:
        """Returns the document with some targets replaced. Raises PluginError for targets that cannot be learned."""
        shapes = {np.shape(part) for part in (auxiliary.positions, auxiliary.targets, auxiliary.weights)}
        if len(shapes) > 1 or not 0 <= auxiliary.state < grammar.state_count:
            raise PluginError(
                f"auxiliary_targets has positions, targets, weights of {sorted(shapes)} and state {auxiliary.state}; "
                f"a plugin must return as many of each, and one of the grammar's {grammar.state_count} states."
            )
        if not grammar.allowed[auxiliary.state, auxiliary.targets].all():
            raise PluginError(
                f"auxiliary_targets has a target that the grammar forbids in state {auxiliary.state}; "
                "a plugin must name a state that allows it."
            )
        outside = auxiliary.positions[(auxiliary.positions < 0) | (auxiliary.positions >= len(self.ids) - 1)]
        if outside.size:
            raise PluginError(
                f"auxiliary_targets has position {outside[0]} in a document of {len(self.ids)} ids; "
                "a plugin must name positions before the last id."
            )
        targets, weights, states = self.targets.copy(), self.weights.copy(), self.states.copy()
        targets[auxiliary.positions + 1] = auxiliary.targets
        weights[auxiliary.positions + 1] = auxiliary.weights
        states[auxiliary.positions] = auxiliary.state
        return Document(self.ids, targets, weights, states)


class _Epoch(NamedTuple):
    """One epoch's documents by stream: those of stream b are at bounds[b] … bounds[b + 1], in order.

    documents: int32[n]
    starts:    int64[n]; the position in its stream at which each begins
    bounds:    int64[B + 1]
    """

    documents: np.ndarray
    starts: np.ndarray
    bounds: np.ndarray


class _Place(NamedTuple):
    """A document that lies in a stream from `start`."""

    start: int
    document: Document


class Stream:
    """Training batches of shape [steps, streams]; `batch(step)` depends on the arguments here and on `step` alone.

    With `vary` a batch has one of few lengths around `steps` (lengths.py).

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
        auxiliary_targets: GetAuxiliaryTargets | None = None,
        vary: bool = False,
    ) -> None:
        if not len(documents):
            raise CorpusError("There are no documents to train on; build the corpus from more files.")
        self._documents = documents
        self._grammar = grammar
        self._streams = streams
        self._steps = steps
        self._lengths = Lengths(steps, seed, vary=vary)
        self._seed = seed
        self._augment = augment
        self._auxiliary_targets = auxiliary_targets
        mean = documents.total // len(documents)
        self._loads = [tuple(-(stream * mean // streams) for stream in range(streams))]
        self._epochs: dict[int, _Epoch] = {}
        self._current: dict[int, _Place] = {}

    def batch(self, step: int) -> Batch:
        """The batch of a step, counted from 0.

        Raises CorpusError for a document that its grammar forbids, PluginError for an `augment` that changes the length
        and for auxiliary targets that cannot be learned.
        """
        begin, length = self._lengths.place(step)
        # One token more than T: the target of the last input.
        shape = (self._streams, length + 1)
        ids, targets, states = (np.empty(shape, np.int32) for _ in range(3))
        weights = np.empty(shape, np.float32)
        for stream in range(self._streams):
            filled = 0
            while filled <= length:
                start, document = self._at(stream, begin + filled)
                first = begin + filled - start
                until = min(filled + len(document.ids) - first, length + 1)
                last = first + until - filled
                ids[stream, filled:until] = document.ids[first:last]
                targets[stream, filled:until] = document.targets[first:last]
                weights[stream, filled:until] = document.weights[first:last]
                states[stream, filled:until] = document.states[first:last]
                filled = until
        return Batch(
            np.ascontiguousarray(ids[:, :-1].T),
            np.ascontiguousarray(targets[:, 1:].T),
            np.ascontiguousarray(weights[:, 1:].T),
            np.ascontiguousarray(states[:, :-1].T),
        )

    def _at(self, stream: int, position: int) -> _Place:
        """What lies in a stream at a position. The last document of each stream is kept for its next segment."""
        held = self._current.get(stream)
        if held is not None and held.start <= position < held.start + len(held.document.ids):
            return held
        while self._loads[-1][stream] <= position:
            self._lay(len(self._loads) - 1)
        number = bisect.bisect_right(self._loads, position, key=lambda loads: loads[stream]) - 1
        epoch = self._epochs.get(number) or self._lay(number)
        first, end = epoch.bounds[stream : stream + 2]
        place = int(first) + int(np.searchsorted(epoch.starts[first:end], position, side="right")) - 1
        found = _Place(int(epoch.starts[place]), self._document(number, int(epoch.documents[place])))
        self._current[stream] = found
        return found

    def _lay(self, number: int) -> _Epoch:
        """Lays the documents of an epoch into the streams; those before it must have been laid once."""
        order = np.random.default_rng([self._seed, number]).permutation(len(self._documents)).astype(np.int32)
        packing = pack(self._documents.lengths[order], self._loads[number])
        if number == len(self._loads) - 1:
            self._loads.append(packing.loads)
        by_stream = np.argsort(packing.lanes, kind="stable")
        bounds = np.searchsorted(packing.lanes[by_stream], np.arange(self._streams + 1))
        while len(self._epochs) >= EPOCHS_HELD:
            del self._epochs[min(self._epochs)]
        self._epochs[number] = _Epoch(order[by_stream], packing.starts[by_stream], bounds)
        return self._epochs[number]

    def _document(self, epoch: int, index: int) -> Document:
        ids, weights = self._documents[index]
        if self._augment is not None:
            ids = self._augmented(ids, np.random.default_rng([self._seed, 1, epoch, index]))
        document = Document(ids, ids, weights, states_of(self._grammar, ids, index))
        if self._auxiliary_targets is None:
            return document
        found = self._auxiliary_targets(ids, np.random.default_rng([self._seed, 2, epoch, index]))
        return document.with_auxiliary(found, self._grammar) if found else document

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

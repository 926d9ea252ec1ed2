"""Training batches: packed streams of documents, without padding. Each batch is a pure function of its step.

All documents in the random order of epoch 0 (epoch_order.py), then all in that of epoch 1, and so on, are packed into
the stream that ends first (packing.py). A batch is the next T tokens of each of B streams. So N/(B·T) steps see each of
N tokens about once, and no document is cut. A resumed run computes again where the streams are at the beginning of an
epoch, so no state is saved. The streams begin at different offsets, because documents of equal length would always
begin at the same step otherwise. Only the first document of a stream may begin in its middle.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from seqgen.contract.documents import AuxiliaryTargets
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.epoch_order import epoch_order
from seqgen.corpus.storage.packing import pack
from seqgen.corpus.storage.segment_lengths import SegmentLengths
from seqgen.errors import CorpusError, PluginError
from seqgen.grammar import Conditions, ConditionWindow, Grammar
from seqgen.grammar.conditions import ConditionPart, condition_window

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]
GetAuxiliaryTargets = Callable[[np.ndarray, np.random.Generator], AuxiliaryTargets | None]
ShowConditions = Callable[[np.ndarray, np.random.Generator, Mapping[str, Any]], np.ndarray]
CACHED_EPOCHS = 3


class Batch(NamedTuple):
    """One segment of B streams, time first.

    inputs:  int32[T, B], ids
    targets: int32[T, B], the id that follows each input, or an auxiliary target
    weights: float32[T, B], how much each target counts; 0 for a BOS
    states:  int32[T, B], the state of the domain's grammar after each input
    conditions: what is shown of what is known ahead; None if nothing is
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray
    conditions: ConditionWindow | None = None


class Document(NamedTuple):
    """One document of a stream.

    ids:     int32[n]
    targets: int32[n], what the model learns to predict in the place of each id: the id, or an auxiliary target
    weights: float32[n], how much each target counts
    states:  int32[n], the state of the grammar after each id, or the state of an auxiliary target
    conditions: what is shown of what is known ahead, with the step at each id; None if nothing is
    """

    ids: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    states: np.ndarray
    conditions: ConditionPart | None = None

    def with_auxiliary(self, auxiliary: AuxiliaryTargets, grammar: Grammar) -> Document:
        """Returns the document with auxiliary targets. Raises PluginError for targets that cannot be learned."""
        parts = (auxiliary.positions, auxiliary.targets, auxiliary.weights, auxiliary.states)
        shapes, states = {np.shape(part) for part in parts}, np.asarray(auxiliary.states)
        if len(shapes) > 1 or ((states < 0) | (states >= grammar.state_count)).any():
            raise PluginError(
                f"auxiliary_targets has positions, targets, weights and states of {sorted(shapes)}, the largest "
                f"state being {states.max(initial=0)}; "
                f"a plugin must return as many of each, and one of the grammar's {grammar.state_count} states."
            )
        if not grammar.allowed[states, auxiliary.targets].all():
            raise PluginError(
                "auxiliary_targets has a target that the grammar forbids in its state; "
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
        states[auxiliary.positions] = auxiliary.states
        return self._replace(targets=targets, weights=weights, states=states)


class _Epoch(NamedTuple):
    """The documents of one epoch by stream. Those of stream b are at bounds[b] … bounds[b + 1], in order.

    documents: int32[n]
    starts:    int64[n], the position in its stream at which each begins
    bounds:    int64[B + 1]
    """

    documents: np.ndarray
    starts: np.ndarray
    bounds: np.ndarray


class _PlacedDocument(NamedTuple):
    """A document and the position in its stream at which it begins."""

    start: int
    document: Document


class TrainingBatches:
    """Training batches of shape [T, B]. `batch(step)` depends on the arguments here and on `step` alone."""

    def __init__(
        self,
        documents: Documents,
        grammar: Grammar,
        *,
        batch_size: int,
        bptt_length: int,
        seed: int,
        augment: Augment | None = None,
        auxiliary_targets: GetAuxiliaryTargets | None = None,
        random_bptt_length: bool = False,
        conditions: Conditions | None = None,
        show_conditions: ShowConditions | None = None,
        streams: range | None = None,
    ) -> None:
        """B is `batch_size`. T is `bptt_length`, or a random length around it (segment_lengths.py).

        `conditions` and `show_conditions` come together, or not at all. With `streams`, the batches have only these of
        the B streams: the share of one of several workers. Raises CorpusError if there are no documents.
        """
        if not len(documents):
            raise CorpusError("There are no documents to train on; build the corpus from more files.")
        self._documents = documents
        self._grammar = grammar
        self._batch_size = batch_size
        self._streams = range(batch_size) if streams is None else streams
        self._segments = SegmentLengths(bptt_length, seed, is_random=random_bptt_length)
        self._seed = seed
        self._augment = augment
        self._auxiliary_targets = auxiliary_targets
        self._conditions = conditions
        self._show_conditions = show_conditions
        mean = documents.token_count // len(documents)
        # For each epoch, the position of each stream at which the epoch begins. Training begins at position 0.
        self._epoch_starts = [tuple(-(stream * mean // batch_size) for stream in range(batch_size))]
        self._epochs: dict[int, _Epoch] = {}
        self._current: dict[int, _PlacedDocument] = {}

    def batch(self, step: int) -> Batch:
        """Returns the batch of a step, counted from 0.

        Raises CorpusError for a document that the grammar forbids, and PluginError if `augment` changes the length or
        if auxiliary targets cannot be learned.
        """
        begin, length = self._segments.segment(step)
        # There is one token more than T: the target of the last input.
        shape = (len(self._streams), length + 1)
        ids, targets, states = (np.empty(shape, np.int32) for _ in range(3))
        weights = np.empty(shape, np.float32)
        parts: list[list[ConditionPart]] = [[] for _ in self._streams]
        for row, stream in enumerate(self._streams):
            filled = 0
            while filled <= length:
                start, document = self._document_at(stream, begin + filled)
                first = begin + filled - start
                until = min(filled + len(document.ids) - first, length + 1)
                last = first + until - filled
                ids[row, filled:until] = document.ids[first:last]
                targets[row, filled:until] = document.targets[first:last]
                weights[row, filled:until] = document.weights[first:last]
                states[row, filled:until] = document.states[first:last]
                if document.conditions is not None and filled < length:
                    values, steps = document.conditions
                    parts[row].append(ConditionPart(values, steps[first : min(last, first + length - filled)]))
                filled = until
        return Batch(
            np.ascontiguousarray(ids[:, :-1].T),
            np.ascontiguousarray(targets[:, 1:].T),
            np.ascontiguousarray(weights[:, 1:].T),
            np.ascontiguousarray(states[:, :-1].T),
            condition_window(parts) if self._conditions is not None else None,
        )

    def _document_at(self, stream: int, position: int) -> _PlacedDocument:
        """Returns the document of a stream at a position. The last one is cached for the next segment."""
        cached = self._current.get(stream)
        if cached is not None and cached.start <= position < cached.start + len(cached.document.ids):
            return cached
        while self._epoch_starts[-1][stream] <= position:
            self._pack_epoch(len(self._epoch_starts) - 1)
        number = bisect.bisect_right(self._epoch_starts, position, key=lambda starts: starts[stream]) - 1
        epoch = self._epochs.get(number) or self._pack_epoch(number)
        first, end = epoch.bounds[stream : stream + 2]
        row = int(first) + int(np.searchsorted(epoch.starts[first:end], position, side="right")) - 1
        found = _PlacedDocument(int(epoch.starts[row]), self._document(number, int(epoch.documents[row])))
        self._current[stream] = found
        return found

    def _pack_epoch(self, number: int) -> _Epoch:
        """Packs the documents of an epoch into the streams. All epochs before it must have been packed once."""
        order = epoch_order(self._documents.lengths, np.random.default_rng([self._seed, number]))
        packing = pack(self._documents.lengths[order], self._epoch_starts[number])
        if number == len(self._epoch_starts) - 1:
            self._epoch_starts.append(packing.ends)
        by_stream = np.argsort(packing.streams, kind="stable")
        bounds = np.searchsorted(packing.streams[by_stream], np.arange(self._batch_size + 1))
        while len(self._epochs) >= CACHED_EPOCHS:
            del self._epochs[min(self._epochs)]
        self._epochs[number] = _Epoch(order[by_stream], packing.starts[by_stream], bounds)
        return self._epochs[number]

    def _document(self, epoch: int, index: int) -> Document:
        ids, weights = self._documents[index]
        if self._augment is not None:
            length, ids = len(ids), self._augment(ids, np.random.default_rng([self._seed, 1, epoch, index]))
            if ids.shape != (length,):
                raise PluginError(f"augment made {len(ids)} ids of {length}; a plugin's augment must keep the length.")
        states = grammar_states(self._grammar, ids, self._documents.describe(index))
        document = Document(ids, ids, weights, states, self._shown(ids, states, epoch, index))
        if self._auxiliary_targets is None:
            return document
        auxiliary = self._auxiliary_targets(ids, np.random.default_rng([self._seed, 2, epoch, index]))
        return document.with_auxiliary(auxiliary, self._grammar) if auxiliary else document

    def _shown(self, ids: np.ndarray, states: np.ndarray, epoch: int, index: int) -> ConditionPart | None:
        """Returns what is shown of a document in an epoch. Raises PluginError for values that no channel has."""
        if self._conditions is None or self._show_conditions is None:
            return None
        rng = np.random.default_rng([self._seed, 3, epoch, index])
        values = self._show_conditions(ids, rng, self._documents.metadata(index))
        if not self._conditions.accepts(values):
            raise PluginError(
                "shown_conditions has values that no channel has, or says something of step 0; "
                f"a plugin must return int32[C, {len(self._conditions.channel_sizes)}] whose first row is 0."
            )
        return ConditionPart(values, self._conditions.steps(ids, self._grammar.state_class[states]))


def grammar_states(grammar: Grammar, ids: np.ndarray, name: str) -> np.ndarray:
    """Returns the state of the grammar after each of ids int32[n]: int32[n].

    Raises CorpusError if the grammar forbids the document. `name` is what the error calls the document.
    """
    try:
        return grammar.unroll(ids)
    except ValueError as error:
        raise CorpusError(
            f"{name} does not follow the grammar of its domain: {error}; "
            "build the corpus again with the plugin that is installed now."
        ) from error

"""What a plugin may ask a trained model: `seqgen.Oracle` over the engine, many documents at once.

The documents of a call are laid end to end into parallel streams, the longest first, so that no step is padding but at
the end; the model reads the streams once.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.corpus.storage.packing import pack
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.model import Model
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.scoring.packed_scorer import PackedScorer
from seqgen.grammar import BOS, Grammar

FEW, MANY = 8, 64
"""Streams: few documents would leave most of many streams empty. Two numbers, because each is compiled once."""
AT_ONCE = 1_000_000
"""Tokens that are laid at once: their streams are held in memory."""


class Laid(NamedTuple):
    """Documents in L steps of B streams; what is left of a stream is BOS.

    inputs, states: int32[L, B]; ids, and the grammar's state after each
    places:         int[n, 2] for each of n ids of all documents, in order: its step and its stream
    ends:           int[d]; which of the n is the last id of each of d documents
    """

    inputs: np.ndarray
    states: np.ndarray
    places: np.ndarray
    ends: np.ndarray


class Oracle:
    """A trained model that answers about ids; see `seqgen.Oracle` for what is asked and answered."""

    def __init__(self, model: Model, sampler: Sampler, introspector: Introspector) -> None:
        """All three are of the same model."""
        self._grammar = model.grammar
        self._packed_scorer = PackedScorer(model)
        self._sampler = sampler
        self._introspector = introspector

    def log_probabilities(self, beginnings: Sequence[np.ndarray], among: Sequence[int]) -> np.ndarray:
        wanted = np.array(among, np.int32)
        found = [np.empty((0, len(wanted)), np.float32)]
        for some in _at_once(beginnings):
            laid = lay(some, self._grammar)
            found.append(
                self._packed_scorer.log_probabilities(laid.inputs, laid.states, laid.places[laid.ends], wanted)
            )
        return np.concatenate(found)

    def score(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        found: list[np.ndarray] = []
        for some in _at_once(documents):
            laid = lay(some, self._grammar)
            # The target of an input is the id that lies after it; of a stream's last one, anything.
            targets = np.roll(laid.inputs, -1, axis=0)
            nats = self._packed_scorer.negative_log_likelihood(laid.inputs, laid.states, targets)
            of_ids = nats[laid.places[:, 0] - 1, laid.places[:, 1]]
            found += np.split(of_ids, laid.ends[:-1] + 1)
        for nats in found:
            nats[0] = 0
        return found

    def attention(self, beginnings: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        if not self._introspector.model.settings.attention_window:
            return None
        return [self._attention_after(ids) for ids in beginnings]

    def _attention_after(self, ids: np.ndarray) -> np.ndarray:
        attention = self._introspector.activations(ids).attention
        assert attention is not None
        by_distance = attention[-1, 0, : len(ids)]
        return np.pad(by_distance[::-1], (len(ids) - len(by_distance), 0))

    def generate(
        self, prompt: Prompt, count: int, *, max_new_tokens: int, seed: int, guidance: float | None = None
    ) -> list[np.ndarray]:
        return self._sampler.sample(
            prompt.ids, prompt.grammar, unconditional=prompt.unconditional, guidance=prompt.guidance_strength(guidance),
            count=count, max_new_tokens=max_new_tokens, seed=seed,
        )  # fmt: skip


def lay(documents: Sequence[np.ndarray], grammar: Grammar) -> Laid:
    """Lays documents int32[n], each from BOS on; raises ValueError for one that the grammar forbids."""
    lengths = np.array([len(ids) for ids in documents])
    order = np.argsort(-lengths, kind="stable")
    streams = FEW if len(documents) <= FEW else MANY
    packing = pack(lengths[order], [0] * streams)
    lanes, starts = np.empty(len(lengths), np.int64), np.empty(len(lengths), np.int64)
    lanes[order], starts[order] = packing.streams, packing.starts
    ends = np.cumsum(lengths) - 1
    within = np.arange(int(lengths.sum())) - np.repeat(ends - lengths + 1, lengths)
    places = np.stack([np.repeat(starts, lengths) + within, np.repeat(lanes, lengths)], 1)
    inputs = np.full((max(packing.ends), streams), BOS, np.int32)
    states = np.full(inputs.shape, grammar.start, np.int32)
    inputs[places[:, 0], places[:, 1]] = np.concatenate(documents)
    states[places[:, 0], places[:, 1]] = np.concatenate([grammar.unroll(ids) for ids in documents])
    return Laid(inputs, states, places, ends)


def _at_once(documents: Sequence[np.ndarray]) -> list[Sequence[np.ndarray]]:
    """The documents in runs of at most AT_ONCE tokens, or of one document."""
    run = np.cumsum([len(ids) for ids in documents]) // AT_ONCE
    bounds = [0, *(np.flatnonzero(np.diff(run)) + 1).tolist(), len(documents)]
    return [documents[begin:end] for begin, end in itertools.pairwise(bounds) if end > begin]

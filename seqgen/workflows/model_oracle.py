"""The oracle over a trained model: it answers a plugin's questions about many documents at once.

The documents of a call are packed into parallel streams, the longest first, so that only the ends of streams are
padding. The model reads the streams once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.contract.oracle import Hypothesis
from seqgen.corpus.storage.packing import pack
from seqgen.engine.decoding.beam_search import BeamSearch
from seqgen.engine.decoding.sampling import Sampler, random_generators
from seqgen.engine.model import Model
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.scoring.packed_scorer import PackedScorer
from seqgen.grammar import BOS, Grammar
from seqgen.workflows.prompt_conditions import condition_source, conditions_after

SMALL_BATCH_SIZE, LARGE_BATCH_SIZE = 8, 64
"""A few documents would leave most of many streams empty. There are two sizes, because each is compiled once."""
MAX_GENERATED_TOGETHER = 512
"""How many documents are sampled side by side for many prompts."""
MAX_PACKED_TOKENS = 1_000_000
"""How many tokens are packed at once. Their streams are in memory."""
SEARCH_SIZES = 1, 8, 64
"""How many prompts are searched at once."""


class PackedDocuments(NamedTuple):
    """Documents in L steps of B streams. The ends of the streams are filled with BOS.

    inputs:    int32[L, B], ids
    states:    int32[L, B], the state of the grammar after each
    positions: int[n, 2], the step and the stream of each of the n ids of all documents, in order
    ends:      int[d], which of the n ids is the last one of each of d documents
    """

    inputs: np.ndarray
    states: np.ndarray
    positions: np.ndarray
    ends: np.ndarray


class ModelOracle:
    """Implements `seqgen.Oracle`, which documents the methods."""

    def __init__(self, model: Model, sampler: Sampler, introspector: Introspector, beam_search: BeamSearch) -> None:
        """`sampler`, `introspector` and `beam_search` use the same model."""
        self._grammar = model.grammar
        self._packed_scorer = PackedScorer(model)
        self._sampler = sampler
        self._introspector = introspector
        self._beam_search = beam_search

    def log_probabilities(self, prefixes: Sequence[np.ndarray], tokens: Sequence[int]) -> np.ndarray:
        columns = np.array(tokens, np.int32)
        results = [np.empty((0, len(columns)), np.float32)]
        for group in _groups(prefixes):
            packed = pack_documents(group, self._grammar)
            last = packed.positions[packed.ends]
            results.append(self._packed_scorer.log_probabilities(packed.inputs, packed.states, last, columns))
        return np.concatenate(results)

    def score(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        results: list[np.ndarray] = []
        for group in _groups(documents):
            packed = pack_documents(group, self._grammar)
            # The target of an input is the next id of its stream. The last input of a stream has no target.
            targets = np.roll(packed.inputs, -1, axis=0)
            nats = self._packed_scorer.negative_log_likelihood(packed.inputs, packed.states, targets)
            nats_of_ids = nats[packed.positions[:, 0] - 1, packed.positions[:, 1]]
            results += np.split(nats_of_ids, packed.ends[:-1] + 1)
        for nats in results:
            nats[0] = 0
        return results

    def attention(self, prefixes: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        if not self._introspector.model.settings.attention_window:
            return None
        return [self._attention_after(ids) for ids in prefixes]

    def _attention_after(self, ids: np.ndarray) -> np.ndarray:
        attention = self._introspector.activations(ids).attention
        assert attention is not None
        by_distance = attention[-1, 0, : len(ids)]
        return np.pad(by_distance[::-1], (len(ids) - len(by_distance), 0))

    def attention_maps(self, documents: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        if not self._introspector.model.settings.attention_window:
            return None
        return [self._attention_map(ids) for ids in documents]

    def _attention_map(self, ids: np.ndarray) -> np.ndarray:
        by_distance = self._introspector.activations(ids).attention
        assert by_distance is not None
        row, distance = np.indices((len(ids), by_distance.shape[-1]))
        is_inside = distance <= row
        found = np.zeros((len(ids), len(ids)), np.float32)
        found[row[is_inside], (row - distance)[is_inside]] = by_distance[:, 0][is_inside]
        return found

    def generate(
        self, prompt: Prompt, count: int, *, max_new_tokens: int, seed: int, guidance: float | None = None
    ) -> list[np.ndarray]:
        return self._sampler.sample(
            prompt.ids, prompt.grammar, relations=prompt.relations, unconditional=prompt.unconditional,
            guidance=prompt.guidance_strength(guidance), count=count, max_new_tokens=max_new_tokens, seed=seed,
            conditions=condition_source(prompt, seed), accepts=prompt.accepts, next_tokens=prompt.next_tokens,
        )  # fmt: skip

    def generate_each(
        self, prompts: Sequence[Prompt], count: int, *, max_new_tokens: int, seed: int
    ) -> list[list[np.ndarray]]:
        results: list[list[np.ndarray]] = [[] for _ in prompts]
        plain = []
        for number, prompt in enumerate(prompts):
            if is_plain(prompt):
                plain.append(number)
            else:
                results[number] = self.generate(prompt, count, max_new_tokens=max_new_tokens, seed=seed + number)
        size = max(1, MAX_GENERATED_TOGETHER // count)
        for group in search_groups([prompts[number] for number in plain]):
            for begin in range(0, len(group), size):
                numbers = [plain[index] for index in group[begin : begin + size]]
                drawn = self._sampler.sample_each(
                    [prompts[number].ids for number in numbers], prompts[numbers[0]].grammar, count=count,
                    max_new_tokens=max_new_tokens,
                    random=random_generators(seed, [number * count + k for number in numbers for k in range(count)]),
                    conditions=self._known_ahead([prompts[number] for number in numbers]),
                )  # fmt: skip
                for number, documents in zip(numbers, drawn, strict=True):
                    results[number] = documents
        return results

    def _known_ahead(self, prompts: Sequence[Prompt]) -> list[np.ndarray]:
        """Returns what is known ahead of the documents of each prompt: int32[C, J]."""
        nothing = self._sampler.decoder.conditioning.nothing
        return [(conditions_after(prompt) or [nothing])[0] for prompt in prompts]

    def search(
        self, prompts: Sequence[Prompt], *, max_new_tokens: int, num_beams: int = 5, length_penalty: float = 0.6,
        count: int = 1, early_stopping: bool = False,
    ) -> list[list[Hypothesis]]:  # fmt: skip
        results: list[list[Hypothesis]] = [[] for _ in prompts]
        for group in search_groups(prompts):
            # A group that is not full is filled up, because each size is compiled once.
            size = next((size for size in SEARCH_SIZES if size >= len(group)), len(group))
            ids = [prompts[number].ids for number in group]
            first = prompts[group[0]]
            found = self._beam_search.search(
                [*ids, *ids[:1] * (size - len(ids))], first.grammar, num_beams=num_beams, count=count,
                max_new_tokens=max_new_tokens, length_penalty=length_penalty, relations=first.relations,
                accepts=first.accepts, next_tokens=first.next_tokens, early_stopping=early_stopping,
            )  # fmt: skip
            for number, hypotheses in zip(group, found, strict=False):
                results[number] = [Hypothesis(*hypothesis) for hypothesis in hypotheses]
        return results


def is_plain(prompt: Prompt) -> bool:
    """Whether nothing but its ids, its grammar and what its ids say is known ahead decides how a prompt goes on."""
    others = (prompt.given, prompt.relations, prompt.accepts, prompt.next_tokens)
    is_known = prompt.conditions is None or prompt.conditions.after <= len(prompt.ids)
    return is_known and prompt.guidance == 1 and all(one is None for one in others)


def search_groups(prompts: Sequence[Prompt]) -> list[list[int]]:
    """Returns the numbers of the prompts in groups that are searched together.

    The prompts of a group have the same grammar, the same relations, the same functions, and nearly the same length,
    because the longest of them decides how long the search takes.
    """
    size = SEARCH_SIZES[-1]
    by_grammar: dict[tuple[int, ...], list[int]] = {}
    for number in sorted(range(len(prompts)), key=lambda number: len(prompts[number].ids)):
        prompt = prompts[number]
        shared = (prompt.grammar, prompt.relations, prompt.accepts, prompt.next_tokens)
        by_grammar.setdefault(tuple(map(id, shared)), []).append(number)
    return [numbers[begin : begin + size] for numbers in by_grammar.values() for begin in range(0, len(numbers), size)]


def pack_documents(documents: Sequence[np.ndarray], grammar: Grammar) -> PackedDocuments:
    """Packs documents int32[n], each from BOS on. Raises ValueError for a document that the grammar forbids."""
    lengths = np.array([len(ids) for ids in documents])
    order = np.argsort(-lengths, kind="stable")
    batch_size = SMALL_BATCH_SIZE if len(documents) <= SMALL_BATCH_SIZE else LARGE_BATCH_SIZE
    packing = pack(lengths[order], [0] * batch_size)
    streams, starts = np.empty(len(lengths), np.int64), np.empty(len(lengths), np.int64)
    streams[order], starts[order] = packing.streams, packing.starts
    ends = np.cumsum(lengths) - 1
    offsets = np.arange(int(lengths.sum())) - np.repeat(ends - lengths + 1, lengths)
    positions = np.stack([np.repeat(starts, lengths) + offsets, np.repeat(streams, lengths)], 1)
    inputs = np.full((max(packing.ends), batch_size), BOS, np.int32)
    states = np.full(inputs.shape, grammar.start, np.int32)
    inputs[positions[:, 0], positions[:, 1]] = np.concatenate(documents)
    states[positions[:, 0], positions[:, 1]] = np.concatenate([grammar.unroll(ids) for ids in documents])
    return PackedDocuments(inputs, states, positions, ends)


def _groups(documents: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
    """Returns the documents in groups of at most MAX_PACKED_TOKENS tokens, or of one document."""
    groups: list[list[np.ndarray]] = []
    tokens = 0
    for ids in documents:
        if not groups or tokens + len(ids) > MAX_PACKED_TOKENS:
            groups.append([])
            tokens = 0
        groups[-1].append(ids)
        tokens += len(ids)
    return groups

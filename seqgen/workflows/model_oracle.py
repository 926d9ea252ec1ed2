"""The oracle over a trained model: it answers a plugin's questions about many documents at once.

The documents of a call are packed into parallel streams (packed_documents.py), which the model reads once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.contract.oracle import Hypothesis
from seqgen.engine.decoding.beam_search import BeamSearch
from seqgen.engine.decoding.sampling import Sampler, random_generators
from seqgen.engine.model import Model, Output
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.scoring.packed_scorer import PackedScorer, PackedSegment
from seqgen.workflows.packed_documents import Span, packed_segments
from seqgen.workflows.prompt_conditions import condition_source, conditions_after

MAX_GENERATED_TOGETHER = 512
"""How many documents are sampled side by side for many prompts."""
SEARCH_SIZES = 1, 8, 64
"""How many prompts are searched at once."""


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
        result, columns = np.empty((len(prefixes), len(tokens)), np.float32), np.array(tokens, np.int32)
        for segment, spans, outputs in self._read(prefixes):
            last = [span for span in spans if span.first + span.length == len(prefixes[span.document])]
            positions = np.array([(span.step + span.length - 1, span.stream) for span in last], np.int32)
            numbers = [span.document for span in last]
            result[numbers] = self._packed_scorer.log_probabilities(outputs, segment, positions, columns)
        return result

    def score(self, documents: Sequence[np.ndarray]) -> list[np.ndarray]:
        results = [np.zeros(len(ids), np.float32) for ids in documents]
        for segment, spans, outputs in self._read(documents):
            nats = self._packed_scorer.negative_log_likelihood(outputs, segment)
            for span in spans:
                # Nothing follows the last id of a document.
                nats_of_next = results[span.document][span.first + 1 : span.first + 1 + span.length]
                nats_of_next[:] = nats[span.step : span.step + len(nats_of_next), span.stream]
        return results

    def _read(self, documents: Sequence[np.ndarray]) -> Iterator[tuple[PackedSegment, list[Span], Output]]:
        """Yields segments of packed documents, what lies where in each, and the outputs of the model."""
        memory = None
        for segment, spans in packed_segments(documents, self._grammar):
            outputs, memory = self._packed_scorer.read(segment, memory)
            yield segment, spans, outputs

    def attention(self, prefixes: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        if not self._introspector.model.settings.attention_window:
            return None
        return [self._attention_after(ids) for ids in prefixes]

    def _attention_after(self, ids: np.ndarray) -> np.ndarray:
        by_distance = self._introspector.last_attention(ids)[: len(ids)]
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

"""A trained model in use: its samples, and by its base classes its scores, its answers and its files."""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seqgen.contract.capabilities import Prompting
from seqgen.contract.documents import Prompt
from seqgen.contract.domain import Domain
from seqgen.engine.decoding.decoder import Precision
from seqgen.engine.decoding.importance_sampling import ImportanceSampler
from seqgen.engine.decoding.infilling import Infiller
from seqgen.engine.decoding.sampling import up_to_eos
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.errors import BrokenStream, ImpossibleConstraints, SeqgenWarning, UsageError
from seqgen.grammar import BOS, EOS, Grammar
from seqgen.models.bundle import Bundle
from seqgen.workflows.answering_model import AnsweringModel
from seqgen.workflows.default_sampling import sampling_options
from seqgen.workflows.export import PAGE, export
from seqgen.workflows.file_records import PromptItem, PromptSource, read_prompts
from seqgen.workflows.loaded_model import check_arguments
from seqgen.workflows.prompt_conditions import condition_source, conditions_after
from seqgen.workflows.prompt_preparation import (
    PromptPreparation,
    check_no_function,
    only_prompt,
    seed_of_prompt,
    without_given,
)
from seqgen.workflows.prompt_resolution import PromptGroup, PromptResolver
from seqgen.workflows.results import BeamSample, GeneratedDocument, InfilledSample, Sample
from seqgen.workflows.scoring_model import ScoringModel

DEFAULT_MAX_NEW_TOKENS = 8192
DEFAULT_PARTICLES = 64
Generated = TypeVar("Generated", bound=GeneratedDocument)


class TrainedModel(ScoringModel, AnsweringModel):
    """A trained model, made by `seqgen.load(path)` or `seqgen.train(…)`: it samples, and does what its bases do.

    bundle: its files
    domain: its domain
    model:  the engine's model
    oracle: answers the domain's questions to the model
    """

    def __init__(self, bundle: Bundle, domain: Domain[Any], precision: Precision = "float32") -> None:
        """Raises BundleError if the weights do not fit the settings and the domain. For `precision` see `load`."""
        super().__init__(bundle, domain, precision)
        self._infiller = Infiller(self._sampler)
        self._preparation = PromptPreparation(domain, self.model)
        self._resolver = PromptResolver(domain)

    def sample(
        self,
        count: int = 1,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: PromptSource | Prompt | None = None,
        options: SamplingOptions | None = None,
        guidance: float | None = None,
        num_particles: int = DEFAULT_PARTICLES,
        with_prompt: bool = True,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> Sequence[Sample]:
        """Samples `count` new documents for each prompt. Sample k of a prompt and a seed is the same for every `count`.

        constraints:    what every sample must satisfy, by name (`seqgen domains NAME` lists the constraints). A domain
                        may have others by default.
        prompt:         a file, each of whose documents is continued. If there is no such file, the domain reads it as a
                        text. Or items, as `read_prompts` returns them, or a start that `prepare` made, which has its
                        constraints.
        options:        temperature and filters; None means those that the domain recommends (`sampling_options`)
        guidance:       strength of classifier-free guidance towards the conditions of the prompt, such as a label or a
                        key. 1 means none; None means the strength that the domain recommends.
        num_particles:  particles for each sample if the constraints give tokens within the document, such as a melody
                        to harmonise. Then the document is sampled as in `infill`, without options and guidance.
        with_prompt:    whether the items contain the prompt
        max_new_tokens: where each sample is cut off

        Raises ImpossibleConstraints, UsageError, and UnusableFile for the prompt.
        """
        check_arguments(seed, count=count, max_new_tokens=max_new_tokens)
        starts = self._prompts(prompt, constraints)
        samples: list[Sample] = []
        for place, start in enumerate(starts):
            if start.given is not None:
                if options not in (None, SamplingOptions()) or guidance not in (None, 1) or not with_prompt:
                    raise UsageError(
                        "What is drawn around given notes or words is drawn whole and as the model likes; leave out "
                        "temperature, guidance and the other filters, and keep the prompt."
                    )
                check_no_function(start, "What is drawn around given tokens")
                drawn: Sequence[Sample] = self._infill(start, count, num_particles, seed, max_new_tokens, place)
            else:
                drawn = self._sample(start, count, options, guidance, with_prompt, seed, max_new_tokens, place)
            samples += _numbered(drawn, place, starts)
        return samples

    def _sample(
        self, start: Prompt, count: int, options: SamplingOptions | None, guidance: float | None, with_prompt: bool,
        seed: int, max_new_tokens: int, place: int,
    ) -> list[Sample]:  # fmt: skip
        """Samples after the prompt with the number `place` of a call."""
        drawn_seed = seed_of_prompt(seed, place)
        documents: dict[int, np.ndarray] = {}
        for group in self._resolver.groups(start, drawn_seed, range(count)):
            drawn = self._sampler.sample(
                **self._sampling_arguments(group, guidance, options), max_new_tokens=max_new_tokens, seed=drawn_seed,
                accepts=group.prompt.accepts, next_tokens=group.prompt.next_tokens,
            )  # fmt: skip
            documents |= zip(group.numbers, drawn, strict=True)
        prompt_item, without_prompt = self._prompt_item(start), self.domain.prompting.without_prompt
        samples = []
        for number, ids in sorted(documents.items()):
            item = self.domain.decode(ids if with_prompt else without_prompt(ids, len(start.ids)))
            item = start.item(item, with_prompt)
            samples.append(Sample(number, ids, item, prompt_item if with_prompt else None, seed))
        return samples

    def _sampling_arguments(
        self, group: PromptGroup, guidance: float | None, options: SamplingOptions | None
    ) -> dict[str, Any]:
        """Returns the arguments of the sampler for a group of samples."""
        prompt = group.prompt
        return {
            "prompt": prompt.ids,
            "grammar": prompt.grammar,
            "count": len(group.numbers),
            "numbers": group.numbers,
            "relations": prompt.relations,
            "unconditional": prompt.unconditional,
            "guidance": prompt.guidance_strength(guidance),
            "conditions": condition_source(prompt, group.seed),
            "options": options or self.sampling_options(),
        }

    def prepare(self, constraints: Mapping[str, Any] | None = None, prompt: PromptSource | None = None) -> Prompt:
        """Returns what sampling starts from after one prompt, which `sample` and `stream_ids` take as their prompt.

        The arguments and the errors are those of `sample`.
        """
        return only_prompt(self._prompts(prompt, constraints), "A prepared start")

    def read_prompts(self, prompt: Path | str) -> list[PromptItem]:
        """Returns the items of a prompt, one for each document of a file. If there is no such file, it is a text.

        Warns of what was left out of the file. Raises UnusableFile.
        """
        return read_prompts(self.domain, prompt)

    def sampling_options(self, **chosen: Any) -> SamplingOptions:
        """Returns the sampling options that the domain recommends, with those that are `chosen` in their place.

        Raises InvalidValue for a chosen value.
        """
        return sampling_options(self.domain, **chosen)

    def beam_search(
        self,
        count: int = 1,
        *,
        num_beams: int = 8,
        length_penalty: float = 0.6,
        constraints: Mapping[str, Any] | None = None,
        prompt: PromptSource | Prompt | None = None,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> list[BeamSample]:
        """Returns the most probable documents that a beam search finds, at most `count` for each prompt, best first.

        length_penalty: α of Wu et al. (2016), equation 14; 0 ranks by probability alone

        The other arguments and the errors are those of `sample`.
        """
        check_arguments(0, count=count, max_new_tokens=max_new_tokens)
        starts = [without_given(start, "A beam search") for start in self._prompts(prompt, constraints)]
        samples: list[BeamSample] = []
        for place, open_start in enumerate(starts):
            (group,) = self._resolver.groups(open_start, 0, [0])
            start = group.prompt
            (hypotheses,) = self._beam_search.search(
                [start.ids], start.grammar, num_beams=num_beams, count=count, max_new_tokens=max_new_tokens,
                length_penalty=length_penalty, conditions=conditions_after(start), relations=start.relations,
                accepts=start.accepts, next_tokens=start.next_tokens,
            )  # fmt: skip
            if not hypotheses:
                raise ImpossibleConstraints(
                    "The beams found nothing that keeps all that was asked for; ask for less at once, or for more "
                    "beams."
                )
            prompt_item = self._prompt_item(start)
            found = [
                BeamSample(
                    rank, one.ids, start.item(self.domain.decode(one.ids)), prompt_item, one.log_probability, one.score
                )
                for rank, one in enumerate(hypotheses)
            ]
            samples += _numbered(found, place, starts)
        return samples

    def infill(
        self,
        given: np.ndarray,
        count: int = 1,
        *,
        num_particles: int = DEFAULT_PARTICLES,
        constraints: Mapping[str, Any] | None = None,
        prompt: PromptSource | Prompt | None = None,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> list[InfilledSample]:
        """Samples `count` documents that contain given tokens right after the prompt, of which there is one.

        given:         int32[n]. −1 stands for any token, −1 − t for any token but t. Without a prompt, given[0] is the
                       token after BOS. A given EOS fixes the length; otherwise the model decides where to end.
        num_particles: each sample is one of so many particles, drawn by weight. More particles are slower and come
                       closer to p(document | given).

        The other arguments and the errors are those of `sample`. Raises ImpossibleConstraints if no document contains
        the given tokens.
        """
        check_arguments(seed, count=count, max_new_tokens=max_new_tokens)
        caller = "A call that gives tokens itself"
        start = without_given(only_prompt(self._prompts(prompt, constraints, has_defaults=False), caller), caller)
        check_no_function(start, caller)
        return self._infill(dataclasses.replace(start, given=given), count, num_particles, seed, max_new_tokens)

    def _infill(
        self, start: Prompt, count: int, num_particles: int, seed: int, max_new_tokens: int, place: int = 0
    ) -> list[InfilledSample]:
        drawn_seed = seed_of_prompt(seed, place)
        options: dict[str, Any] = {
            "count": count,
            "max_new_tokens": max_new_tokens,
            "seed": drawn_seed,
            "num_particles": num_particles,
            "relations": start.relations,
        }
        if isinstance(start.given, Grammar):
            result = ImportanceSampler(self._sampler, self._scorer(None, None)).sample(
                start.ids, start.given, **options
            )
        else:
            source = condition_source(start, drawn_seed)
            result = self._infiller.fill(
                start.ids, start.grammar, np.asarray(start.given), **options, conditions=source
            )
        prompt_item = self._prompt_item(start)
        return [
            InfilledSample(number, ids, start.item(self.domain.decode(ids)), prompt_item, seed, float(log_evidence))
            for number, (ids, log_evidence) in enumerate(zip(result.samples, result.log_evidence, strict=True))
        ]

    def stream(
        self,
        number: int = 0,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: PromptSource | Prompt | None = None,
        options: SamplingOptions | None = None,
        guidance: float | None = None,
        with_prompt: bool = True,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> Iterator[str]:
        """Yields the text of `sample(…)[number]` part by part, while it is sampled. There is one prompt at most.

        The arguments and the errors are those of `sample`. Raises MissingCapability if the domain cannot show a part of
        a document. Warns if the sample was cut off.
        """
        prompting = self.domain.require(Prompting, "stream_text")
        drawn = self.stream_ids(
            number, constraints=constraints, prompt=prompt, options=options, guidance=guidance, seed=seed,
            max_new_tokens=max_new_tokens,
        )  # fmt: skip
        first = next(drawn)
        return prompting.stream_text(itertools.chain([first if with_prompt else first[:1]], drawn))

    def stream_ids(
        self,
        number: int = 0,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: PromptSource | Prompt | None = None,
        options: SamplingOptions | None = None,
        guidance: float | None = None,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> Iterator[np.ndarray]:
        """Yields the ids of `sample(…)[number]` part by part, int32[n]: first the prompt, then what is drawn.

        The arguments and the errors are those of `sample`. Raises BrokenStream where `sample` would draw again. Warns
        if the sample was cut off.
        """
        check_arguments(seed, max_new_tokens=max_new_tokens)
        start = without_given(only_prompt(self._prompts(prompt, constraints), "A stream"), "A stream")
        return self._stream_ids(start, number, options, guidance, seed, max_new_tokens)

    def _stream_ids(
        self, start: Prompt, number: int, options: SamplingOptions | None, guidance: float | None, seed: int,
        max_new_tokens: int,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        yield start.ids
        (group,) = self._resolver.groups(start, seed, [number])
        chunks = self._sampler.stream(
            **self._sampling_arguments(group, guidance, options), max_new_tokens=max_new_tokens, seed=seed,
            next_tokens=group.prompt.next_tokens,
        )  # fmt: skip
        drawn = [start.ids]
        for tokens in _warn_if_cut((up_to_eos(chunk[:, 0]) for chunk in chunks), number):
            yield tokens
            drawn.append(tokens)
        ids = np.concatenate(drawn)
        if group.prompt.accepts is not None and ids[-1] == EOS and not group.prompt.accepts(ids):
            raise BrokenStream(
                "The domain does not accept what was drawn; sample without a stream, or by another seed."
            )

    def export(
        self,
        folder: Path | str,
        target: str,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
    ) -> list[Path]:
        """Writes the model for another program, and returns the files.

        target:      "savedmodel" (TensorFlow), "tflite" (LiteRT) or "onnx": one step of the model, and beside it the
                     tables of the grammar; "html": a page that draws in a browser
        constraints: what every sample has that is drawn with these tables
        prompt:      what every sample begins with

        Raises UnknownName for a target, UsageError for what the target cannot carry, OutputError, and what `sample`
        raises for the other arguments.
        """
        if prompt is None and self.domain.prompting.needs_prompt and target != PAGE:
            start = Prompt(np.array([BOS], np.int32), self.domain.checked_grammar())
        else:
            caller = "An exported model"
            start = without_given(only_prompt(self._prompts(prompt, constraints), caller), caller)
            check_no_function(start, caller)
        options = self.sampling_options()
        return export(self.model, self.domain, start, options, constraints or {}, target, Path(folder))

    def _prompts(
        self, prompt: PromptSource | Prompt | None, constraints: Mapping[str, Any] | None, *, has_defaults: bool = True
    ) -> list[Prompt]:
        """Returns the prompts of a call; see `PromptPreparation.prompts`."""
        if isinstance(prompt, Prompt):
            return [prompt]
        return self._preparation.prompts(prompt, constraints, has_defaults=has_defaults)

    def _prompt_item(self, start: Prompt) -> Any:
        """Returns the item of a prompt, or None if the prompt is only BOS."""
        return start.item(self.domain.decode(start.ids)) if len(start.ids) > 1 else None


def _warn_if_cut(chunks: Iterator[np.ndarray], number: int) -> Iterator[np.ndarray]:
    """Yields the chunks of a sample. Warns if the last one does not end the document."""
    last = None
    for last in chunks:
        yield last
    if last is None or last[-1] != EOS:
        message = f"Sample {number + 1} was cut off; --max-new-tokens (max_new_tokens) allows more."
        warnings.warn(message, SeqgenWarning, stacklevel=2)


def _numbered(drawn: Iterable[Generated], place: int, starts: Sequence[Prompt]) -> list[Generated]:
    """Returns what was drawn after the prompt number `place`, with that number if there are several prompts."""
    if len(starts) == 1:
        return list(drawn)
    return [dataclasses.replace(one, prompt_number=place) for one in drawn]

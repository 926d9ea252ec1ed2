"""A trained model in use: sample, score, predict. It joins a bundle, its domain and the engine."""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from seqgen.contract.capabilities import Display, Prediction, Prompting
from seqgen.contract.documents import Answer, Prompt, Record
from seqgen.contract.domain import Domain
from seqgen.contract.plugins import report_broken_plugins
from seqgen.contract.renderers import render_all
from seqgen.contract.written_files import write_item
from seqgen.corpus.storage.records import Records, held_out_split
from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.corpus.storage.training_batches import grammar_states
from seqgen.engine.decoding.beam_search import BeamSearch
from seqgen.engine.decoding.importance_sampling import ImportanceSampler
from seqgen.engine.decoding.infilling import Infiller
from seqgen.engine.decoding.sampling import Sampler, up_to_eos
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.model import Model
from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation, DynamicEvaluator
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.scoring.neural_cache import NeuralCache
from seqgen.engine.scoring.scorer import Scorer
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import weight_shapes
from seqgen.errors import (
    BrokenStream,
    BundleError,
    ImpossibleConstraints,
    InvalidValue,
    SeqgenWarning,
    UnusableFile,
    UsageError,
)
from seqgen.grammar import BOS, EOS, Grammar, keeps_classes
from seqgen.models.bundle import TAKE_AGAIN, Bundle
from seqgen.workflows.default_sampling import sampling_options
from seqgen.workflows.export import PAGE, export
from seqgen.workflows.file_records import (
    OnRemark,
    PromptItem,
    PromptSource,
    ignore_remark,
    read_file,
    read_prompts,
    read_records,
)
from seqgen.workflows.model_oracle import ModelOracle
from seqgen.workflows.prompt_conditions import condition_source, conditions_after
from seqgen.workflows.prompt_preparation import (
    PromptPreparation,
    check_no_function,
    only_prompt,
    seed_of_prompt,
    without_given,
)
from seqgen.workflows.prompt_resolution import PromptGroup, prompt_groups
from seqgen.workflows.reports.web_page import PageEntry, write_page
from seqgen.workflows.results import (
    BeamSample,
    DocumentScore,
    GeneratedDocument,
    InfilledSample,
    NamedActivations,
    Sample,
)
from seqgen.workflows.sampling_filters import PluginFilters

DEFAULT_MAX_NEW_TOKENS = 8192
DEFAULT_PARTICLES = 64
MAX_COUNT = 2**24
"""The limit for the number of samples, and for the tokens of one."""
STATISTICS_DOCUMENTS, STATISTICS_LENGTH = 16, 512
"""Dynamic evaluation needs statistics of gradients. They are taken from so many samples of so many tokens."""
Generated = TypeVar("Generated", bound=GeneratedDocument)
PREDICTION_BATCH_SIZE = 1024
"""How many documents are predicted together: enough to be fast, and few enough that the first answers come soon."""


class TrainedModel:
    """A trained model, made by `seqgen.load(path)` or `seqgen.train(…)`.

    bundle: its files
    domain: its domain
    model:  the engine's model
    oracle: answers the domain's questions to the model
    """

    def __init__(self, bundle: Bundle, domain: Domain[Any]) -> None:
        """Raises BundleError if the weights do not fit the settings and the domain."""
        self.bundle = bundle
        self.domain = domain
        grammar = domain.checked_grammar()
        try:
            settings = ModelSettings(**bundle.config["model"])
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise BundleError(f"{bundle.path}/config.json is damaged ({reason}); {TAKE_AGAIN}.") from error
        if not keeps_classes(grammar, bundle.class_examples()):
            raise BundleError(
                f"{bundle.path} was trained with another grammar of the domain {domain.name!r}, that of "
                f"{bundle.domain.distribution}; install that version."
            )
        registers, conditions = domain.checked_registers(), domain.checked_conditions()
        shapes = weight_shapes(settings, grammar.vocabulary_size, grammar.class_count, registers, conditions)
        self.model = Model(settings, bundle.weights(shapes), grammar, registers, conditions)
        self._sampler = Sampler(self.model, PluginFilters().find)
        self._introspector = Introspector(self.model)
        self._beam_search = BeamSearch(self.model)
        self.oracle = ModelOracle(self.model, self._sampler, self._introspector, self._beam_search)
        self._infiller = Infiller(self._sampler)
        self._preparation = PromptPreparation(domain, self.model)
        self._scorers: dict[tuple[DynamicEvaluation | None, NeuralCache | None], Scorer] = {}

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
        _check_arguments(seed, count=count, max_new_tokens=max_new_tokens)
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
        for group in prompt_groups(self.domain, start, drawn_seed, range(count)):
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
        _check_arguments(0, count=count, max_new_tokens=max_new_tokens)
        starts = [without_given(start, "A beam search") for start in self._prompts(prompt, constraints)]
        samples: list[BeamSample] = []
        for place, open_start in enumerate(starts):
            (group,) = prompt_groups(self.domain, open_start, 0, [0])
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
        _check_arguments(seed, count=count, max_new_tokens=max_new_tokens)
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
        _check_arguments(seed, max_new_tokens=max_new_tokens)
        start = without_given(only_prompt(self._prompts(prompt, constraints), "A stream"), "A stream")
        return self._stream_ids(start, number, options, guidance, seed, max_new_tokens)

    def _stream_ids(
        self, start: Prompt, number: int, options: SamplingOptions | None, guidance: float | None, seed: int,
        max_new_tokens: int,
    ) -> Iterator[np.ndarray]:  # fmt: skip
        yield start.ids
        (group,) = prompt_groups(self.domain, start, seed, [number])
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

    def write(self, sample: GeneratedDocument, folder: Path | str) -> list[Path]:
        """Writes a sample and all its renderings to `folder`, and returns the files. Raises OutputError."""
        return self._write_with_renderings(sample.item, self._path_of(sample, folder), sample.prompt_item)

    def write_item(self, sample: GeneratedDocument, folder: Path | str) -> list[Path]:
        """Writes a sample to `folder` without renderings, and returns the files. Raises OutputError."""
        return write_item(self.domain, sample.item, self._path_of(sample, folder))

    def write_page(
        self,
        written: Sequence[tuple[GeneratedDocument, list[Path]]],
        folder: Path | str,
        about: Mapping[str, Any] | None = None,
    ) -> Path:
        """Writes a web page of some samples, to look at and to listen to, and returns its path. Raises OutputError.

        A plugin whose view of a sample fails is reported, and the page comes without that view.

        written: each sample with its files, which are in `folder`
        about:   how the samples were made, by name
        """
        folder, display = Path(folder), self.domain.display or Display()
        entries = []
        for sample, files in written:
            html = ""
            with report_broken_plugins():
                html = display.html(sample.item, sample.prompt_item)
            entries.append(PageEntry(sample.label, html, [file.relative_to(folder) for file in files]))
        script = ""
        with report_broken_plugins():
            script = display.script()
        first = written[0][0].call_label if written else "none"
        path = folder / f"{self.domain.name}-{first}.html"
        write_page(path, f"{self.domain.name} · {len(entries)} new", about or {}, entries, script)
        return path

    def score(
        self, source: Path | str, *, dynamic: DynamicEvaluation | None = None, cache: NeuralCache | None = None
    ) -> Iterator[DocumentScore]:
        """Yields the likelihood of each document of a file, or of each held-out document of a corpus.

        dynamic: the model keeps learning within each document (dynamic evaluation)
        cache:   the model looks back at its last tokens (neural cache)

        Neither changes the model. Raises InvalidValue, UnusableFile, CorpusError.
        """
        source, scorer = Path(source), self._scorer(dynamic, cache)
        in_file = ((document.ids, document.weights) for document in read_file(self.domain, source, "encode"))
        for ids, weights in self._held_out(source) if is_corpus(source) else in_file:
            yield DocumentScore(source, ids, scorer.negative_log_likelihood(ids, weights), float(weights.sum()))

    def draw_surprise(self, score: DocumentScore, path: Path | str) -> Path:
        """Draws where a document is improbable, to `path` with an ending added. Raises UsageError, OutputError."""
        return self.domain.require(Display, "draw_surprise").draw_surprise(score.ids, score.nats, Path(path))

    def probabilities(
        self, ids: np.ndarray, *, dynamic: DynamicEvaluation | None = None, cache: NeuralCache | None = None
    ) -> np.ndarray:
        """Returns the distribution of the token after each of ids int32[n], from BOS on: float32[n, V].

        `dynamic` and `cache` are those of `score`. Raises UsageError if the domain's grammar forbids an id.
        """
        with self._usage_errors():
            return self._scorer(dynamic, cache).probabilities(np.asarray(ids, np.int32))

    def activations(self, ids: np.ndarray) -> NamedActivations:
        """Returns gates, states and attention of every layer while the model reads ids int32[n], from BOS on.

        This needs (G + 2) · N · H + M + 1 floats a token, for G gates and candidates, N layers of H units, and
        attention over M positions. Raises UsageError if the domain's grammar forbids an id.
        """
        with self._usage_errors():
            activations = self._introspector.activations(np.asarray(ids, np.int32))
        return NamedActivations(**vars(activations), tokens=tuple(self.domain.vocabulary[id] for id in ids))

    def gradient_norms(self, ids: np.ndarray, *, max_distance: int = 256) -> np.ndarray:
        """Returns ‖∂L/∂h_{T−k}‖ for k = 0 … K and each of N layers: float64[K + 1, N].

        L is the cost of the last of ids int32[n], and T is the step that reads the id before it. So this is how much
        the prediction depends on the hidden states k steps before. K is `max_distance`, or the length of the document.
        Raises InvalidValue, and UsageError if the domain's grammar forbids an id.
        """
        _check_arguments(0, max_distance=max_distance)
        with self._usage_errors():
            return self._introspector.gradient_norms(np.asarray(ids, np.int32), max_distance)

    def predict(
        self, file: Path | str, *, explain: bool = False, on_remark: OnRemark = ignore_remark
    ) -> Iterator[Answer]:
        """Yields the domain's answer about each document of a file, such as its label. Its values have the metadata.

        explain:   whether an answer contains what in the document speaks for it
        on_remark: is called for what was left out of the file or guessed about it

        Raises MissingCapability if the domain does not predict, and UnusableFile.
        """
        answer = self._answer(explain)
        records = read_records(self.domain, Path(file), "predict", on_remark)
        while batch := list(itertools.islice(records, PREDICTION_BATCH_SIZE)):
            for record, one in zip(batch, answer(batch, self.oracle), strict=True):
                yield dataclasses.replace(one, values={**record.metadata, **one.values})

    def predict_text(self, text: str, *, explain: bool = False) -> Answer:
        """Returns the domain's answer about a text; see `predict`.

        Raises MissingCapability if the domain does not predict or does not read texts, and UnusableFile.
        """
        (answer,) = self.predict_texts([text], explain=explain)
        if isinstance(answer, UnusableFile):
            raise answer
        return answer

    def predict_texts(self, texts: Sequence[str], *, explain: bool = False) -> Iterator[Answer | UnusableFile]:
        """Yields the domain's answer about each text, or why it cannot be used. Many are faster than one after another.

        Raises MissingCapability if the domain does not predict or does not read texts.
        """
        answer, prompting = self._answer(explain), self.domain.require(Prompting, "from_text")
        for begin in range(0, len(texts), PREDICTION_BATCH_SIZE):
            found: list[Record[Any] | UnusableFile] = []
            for text in texts[begin : begin + PREDICTION_BATCH_SIZE]:
                try:
                    found.append(Record(prompting.from_text(text)))
                except UnusableFile as error:
                    found.append(error)
            answers = iter(answer([one for one in found if isinstance(one, Record)], self.oracle))
            for one in found:
                yield one if isinstance(one, UnusableFile) else next(answers)

    def write_answer(self, answer: Answer, number: int, folder: Path | str) -> list[Path]:
        """Writes the item of an answer and all its renderings to `folder`, and returns the files.

        number: of the answer, which becomes a part of its name

        Raises UsageError for an answer without an item, and OutputError.
        """
        if answer.item is None:
            raise UsageError(f"The answers of the domain {self.domain.name!r} are no files; leave out the folder.")
        return self._write_with_renderings(answer.item, Path(folder) / f"{self.domain.name}-{number}")

    def _write_with_renderings(self, item: Any, path: Path, prompt_item: Any = None) -> list[Path]:
        """Writes an item and all its renderings, and returns the files. Raises OutputError."""
        files = write_item(self.domain, item, path)
        return files + render_all(self.domain.display or Display(), item, path, prompt_item)

    def _answer(self, explain: bool) -> Callable[[Sequence[Record[Any]], ModelOracle], Iterable[Answer]]:
        """Returns the method of the domain that answers. Raises MissingCapability."""
        prediction = self.domain.require(Prediction, "explain" if explain else "predict")
        return prediction.explain if explain else prediction.predict

    def calibrate(self, corpus: Corpus) -> None:
        """Lets the domain find a calibration that makes its answers better, and stores it in the bundle."""
        prediction = self.domain.prediction
        if prediction is None:
            return
        train, held_out = (Records(self.domain, corpus.documents(split)) for split in ("train", "valid"))
        calibration = prediction.calibrate(train, held_out, self.oracle)
        if calibration != prediction.calibration:
            prediction.calibration = calibration
            self.bundle.write_calibration(calibration.model_dump(mode="json"))

    @contextmanager
    def _usage_errors(self) -> Iterator[None]:
        """Raises UsageError for ids that are no document."""
        try:
            yield
        except (ValueError, IndexError) as error:
            raise UsageError(f"These ids are no document of the domain {self.domain.name!r}: {error}.") from error

    def _scorer(self, dynamic: DynamicEvaluation | None, cache: NeuralCache | None) -> Scorer:
        """Returns the scorer of these settings. It is kept, because its functions are compiled."""
        if (dynamic, cache) not in self._scorers:
            evaluator = DynamicEvaluator(self.model, dynamic, self._statistics_documents()) if dynamic else None
            self._scorers[dynamic, cache] = Scorer(self.model, dynamic_evaluator=evaluator, cache=cache)
        return self._scorers[dynamic, cache]

    def _statistics_documents(self) -> list[np.ndarray]:
        """Returns samples of the model, because a bundle contains none of its training data."""
        start = np.array([BOS], np.int32)
        return self._sampler.sample(
            start, self.model.grammar, count=STATISTICS_DOCUMENTS, max_new_tokens=STATISTICS_LENGTH, seed=0
        )

    def _prompts(
        self, prompt: PromptSource | Prompt | None, constraints: Mapping[str, Any] | None, *, has_defaults: bool = True
    ) -> list[Prompt]:
        """Returns the prompts of a call; see `PromptPreparation.prompts`."""
        if isinstance(prompt, Prompt):
            return [prompt]
        return self._preparation.prompts(prompt, constraints, has_defaults=has_defaults)

    def _path_of(self, sample: GeneratedDocument, folder: Path | str) -> Path:
        """Returns the path of a sample's files, without their endings."""
        return Path(folder) / f"{self.domain.name}-{sample.label}"

    def _prompt_item(self, start: Prompt) -> Any:
        """Returns the item of a prompt, or None if the prompt is only BOS."""
        return start.item(self.domain.decode(start.ids)) if len(start.ids) > 1 else None

    def _held_out(self, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields ids and weights of the held-out documents of the corpus in folder `path`."""
        corpus = Corpus.open(path)
        _, documents = held_out_split(self.domain, corpus)
        corpus.verify()
        for number in range(len(documents)):
            ids, weights = documents[number]
            grammar_states(self.model.grammar, ids, documents.describe(number))
            yield ids, weights


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


def _check_arguments(seed: int, **counts: int) -> None:
    for name, value in counts.items():
        if not 1 <= value <= MAX_COUNT:
            raise InvalidValue(f"{name} cannot be {value}; it must be between 1 and {MAX_COUNT}.")
    if not 0 <= seed < 2**63:
        raise InvalidValue(f"seed cannot be {seed}; it must be between 0 and 2^63 - 1.")

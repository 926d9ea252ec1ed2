"""A trained model in use: sample, score, predict, evaluate. Joins a bundle, its domain and the engine."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Display, Prediction, Prompting
from seqgen.contract.documents import Answer, Prompt, Record
from seqgen.contract.domain import Domain
from seqgen.contract.renderers import render_all
from seqgen.contract.textfile import is_file
from seqgen.corpus.reading.channel import EncodedDocument
from seqgen.corpus.reading.workers import Task, read_documents
from seqgen.corpus.storage.records import Records, held_out_split
from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.corpus.storage.training_batches import grammar_states
from seqgen.engine.decoding.beam_search import BeamSearch
from seqgen.engine.decoding.importance_sampling import ImportanceSampler
from seqgen.engine.decoding.infilling import Infiller
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.model import Model
from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation, DynamicEvaluator
from seqgen.engine.scoring.introspection import Introspector
from seqgen.engine.scoring.neural_cache import NeuralCache
from seqgen.engine.scoring.scorer import Scorer
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import weight_shapes
from seqgen.errors import BundleError, InvalidValue, UnusableFile, UsageError
from seqgen.grammar import BOS, Grammar, keeps_classes
from seqgen.models.bundle import Bundle
from seqgen.reports.page import Entry, write_page
from seqgen.workflows.oracle import Oracle
from seqgen.workflows.samples import Filled, Found, NamedActivations, Sample, Score
from seqgen.workflows.sampling_filters import PluginFilters

DEFAULT_MAX_NEW_TOKENS = 8192
DEFAULT_PARTICLES = 64
Told = Callable[[str, int], None]
MOST = 2**24
"""Of samples, and of tokens in one."""
TYPICAL_DOCUMENTS, TYPICAL_LENGTH = 16, 512
ANSWERED_AT_ONCE = 1024
"""How many documents are predicted together: enough to be quick, and the first answers come soon."""


def ignore(what: str, count: int) -> None:
    """Hears and does nothing."""


class Trained:
    """A trained model; make one with `seqgen.load(path)`."""

    def __init__(self, bundle: Bundle, domain: Domain[Any]) -> None:
        """Raises BundleError when the weights do not fit the settings and the domain."""
        self.bundle = bundle
        self.domain = domain
        grammar = domain.checked_grammar()
        try:
            settings = ModelSettings(**bundle.config["model"])
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise BundleError(
                f"{bundle.path}/config.json is damaged ({reason}); take it from where it was trained."
            ) from error
        if not keeps_classes(grammar, bundle.class_examples()):
            source = bundle.domain.get("plugin") or {"distribution": "a plugin", "version": "of the trainer"}
            raise BundleError(
                f"{bundle.path} was trained with another grammar of the domain {domain.name!r}, that of "
                f"{source['distribution']} {source['version']}; install that version."
            )
        weights = bundle.weights(weight_shapes(settings, grammar.vocabulary_size, grammar.class_count))
        self.model = Model(settings, weights, grammar)
        self._sampler = Sampler(self.model, PluginFilters().find)
        self._introspector = Introspector(self.model)
        self.oracle = Oracle(self.model, self._sampler, self._introspector)
        self._beam_search = BeamSearch(self.model)
        self._infiller = Infiller(self._sampler)
        self._scorers: dict[tuple[DynamicEvaluation | None, NeuralCache | None], Scorer] = {}

    def sample(
        self,
        count: int = 1,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        options: SamplingOptions = SamplingOptions(),  # noqa: B008
        guidance: float | None = None,
        num_particles: int = DEFAULT_PARTICLES,
        with_prompt: bool = True,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> Sequence[Sample]:
        """Draws `count` new documents; sample k of a seed is the same whatever `count` is.

        `constraints` are the domain's (`seqgen domains NAME` lists them), `prompt` a file that is continued or, where
        there is no such file, what the domain makes of that text; without `with_prompt` the items hold only what was
        drawn. `options` set the sampling filters, and `max_new_tokens` limits what is drawn. `guidance` above 1 draws
        more of what was asked for (guidance.py), in domains whose prompts can leave it out; None takes the domain's
        own strength. Where the constraints give tokens within a document, such as a melody that is harmonised, it is
        drawn around them as in `fill`, from `num_particles` particles a sample, and `options` and `guidance` must be
        left out. Raises ImpossibleConstraints, UsageError, UnusableFile.
        """
        _check(seed, count=count, max_new_tokens=max_new_tokens)
        start = self._prompt(prompt, constraints)
        if start.given is not None:
            if options != SamplingOptions() or guidance not in (None, 1) or not with_prompt:
                raise UsageError(
                    "What is drawn around given notes or words is drawn whole and as the model likes; leave out "
                    "temperature, guidance and the other filters, and keep the prompt."
                )
            return self._filled(start, count, num_particles, seed, max_new_tokens)
        drawn = self._sampler.sample(
            start.ids, start.grammar, unconditional=start.unconditional, guidance=start.guidance_strength(guidance),
            count=count, max_new_tokens=max_new_tokens, seed=seed, options=options,
        )  # fmt: skip
        shown = drawn if with_prompt else [self.domain.prompting.without_prompt(ids, len(start.ids)) for ids in drawn]
        given = self._given(start) if with_prompt else None
        return [
            Sample(seed, number, ids, start.item(self.domain.decode(kept), with_prompt), given)
            for number, (ids, kept) in enumerate(zip(drawn, shown, strict=True))
        ]

    def search(
        self,
        count: int = 1,
        *,
        num_beams: int = 8,
        length_penalty: float = 0.6,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> list[Found]:
        """The likeliest documents that a beam search of `num_beams` beams finds, at most `count`, best first.

        length_penalty: the α of Wu et al. (2016), equation 14; 0 ranks by probability alone. The rest is as in
        `sample`, and so is what is raised.
        """
        _check(0, count=count, max_new_tokens=max_new_tokens)
        start = _nothing_given(self._prompt(prompt, constraints), "A beam search")
        found = self._beam_search.search(
            start.ids,
            start.grammar,
            num_beams=num_beams,
            count=count,
            max_new_tokens=max_new_tokens,
            length_penalty=length_penalty,
        )
        given = self._given(start)
        return [
            Found(0, rank, one.ids, start.item(self.domain.decode(one.ids)), given, one.log_probability, one.score)
            for rank, one in enumerate(found)
        ]

    def fill(
        self,
        given: np.ndarray,
        count: int = 1,
        *,
        num_particles: int = DEFAULT_PARTICLES,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> list[Filled]:
        """Draws `count` documents in which the tokens int32[n] `given` stand right after the prompt.

        -1 stands for any token, and -1 - t for any but t.

        Without a prompt, given[0] is the first token of the document. A given EOS fixes the length; otherwise the
        document goes on after the last given token as the model likes. Each sample is one of `num_particles` particles
        of its own, drawn by weight: the more, the closer to p(document | given), and the slower. The rest is as in
        `sample`; also raises ImpossibleConstraints when no document holds what is given, and InvalidValue.
        """
        _check(seed, count=count, max_new_tokens=max_new_tokens)
        start = _nothing_given(self._prompt(prompt, constraints), "A call that gives tokens itself")
        return self._filled(dataclasses.replace(start, given=given), count, num_particles, seed, max_new_tokens)

    def _filled(self, start: Prompt, count: int, num_particles: int, seed: int, max_new_tokens: int) -> list[Filled]:
        """Samples around what a prompt gives."""
        asked = {"count": count, "max_new_tokens": max_new_tokens, "seed": seed, "num_particles": num_particles}
        if isinstance(start.given, Grammar):
            made = ImportanceSampler(self._sampler, self._scorer(None, None)).sample(start.ids, start.given, **asked)
        else:
            made = self._infiller.fill(start.ids, start.grammar, np.asarray(start.given), **asked)
        given = self._given(start)
        return [
            Filled(seed, number, ids, start.item(self.domain.decode(ids)), given, float(log_evidence))
            for number, (ids, log_evidence) in enumerate(zip(made.samples, made.log_evidence, strict=True))
        ]

    def stream(
        self,
        number: int = 0,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        options: SamplingOptions = SamplingOptions(),  # noqa: B008
        guidance: float | None = None,
        with_prompt: bool = True,
        seed: int = 0,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
    ) -> Iterator[str]:
        """What `sample(...)[number]` shows people, piece by piece while it is drawn.

        Raises what `sample` does, and UsageError in a domain that has nothing to show before a document is whole.
        """
        prompting = self.domain.require(Prompting, "stream_text")
        _check(seed, max_new_tokens=max_new_tokens)
        start = _nothing_given(self._prompt(prompt, constraints), "A stream")
        drawn = self._sampler.stream(
            start.ids, start.grammar, unconditional=start.unconditional,
            guidance=start.guidance_strength(guidance), count=1, first=number, max_new_tokens=max_new_tokens, seed=seed,
            options=options,
        )  # fmt: skip
        shown = start.ids if with_prompt else start.ids[:1]
        return prompting.stream_text(itertools.chain([shown], (chunk[:, 0] for chunk in drawn)))

    def write(self, sample: Sample, folder: Path | str) -> list[Path]:
        """Writes a sample and every rendering of it to `folder`, named after its label. Raises OutputError."""
        path = Path(folder) / f"{self.domain.name}-{sample.label}"
        files = self.domain.write(sample.item, path)
        return files + render_all(self.domain.display or Display(), sample.item, path, sample.given)

    def write_page(
        self, written: Sequence[tuple[Sample, list[Path]]], folder: Path | str, about: Mapping[str, Any] | None = None
    ) -> Path:
        """Writes one web page of some samples and the files that were written of them, to look at and to listen to.

        It lies in `folder`, beside the files, and tells `about` how they were made. Raises OutputError.
        """
        folder, display = Path(folder), self.domain.display or Display()
        entries = [
            Entry(sample.label, display.html(sample.item, sample.given), [file.relative_to(folder) for file in files])
            for sample, files in written
        ]
        first = written[0][0].label.rpartition("-")[0] if written else "none"
        path = folder / f"{self.domain.name}-{first}.html"
        write_page(path, f"{self.domain.name} · {len(entries)} new", about or {}, entries, display.script())
        return path

    def _given(self, start: Prompt) -> Any:
        """The item that a prompt stands for, or None where it is nothing but BOS."""
        return start.item(self.domain.decode(start.ids)) if len(start.ids) > 1 else None

    def score(
        self,
        source: Path | str,
        *,
        dynamic: DynamicEvaluation | None = None,
        cache: NeuralCache | None = None,
    ) -> Iterator[Score]:
        """What the model makes of each document of a file, or of a corpus that was built: of its held-out ones.

        With `dynamic` the model goes on learning within each document (`seqgen.DynamicEvaluation()`), with `cache` it
        remembers what came after moments like this one (`seqgen.NeuralCache(size=500)`); neither changes the model.
        Raises InvalidValue, UnusableFile, CorpusError.
        """
        source, scorer = Path(source), self._scorer(dynamic, cache)
        read = ((document.ids, document.weights) for document in self._read(source))
        for ids, weights in self._held_out(source) if is_corpus(source) else read:
            yield Score(source, ids, scorer.negative_log_likelihood(ids, weights), float(weights.sum()))

    def draw(self, score: Score, path: Path | str) -> Path:
        """Draws where a document costs most, as `path` with an ending added. Raises UsageError, OutputError."""
        return self.domain.require(Display, "draw_surprise").draw_surprise(score.ids, score.nats, Path(path))

    def probabilities(
        self,
        ids: np.ndarray,
        *,
        dynamic: DynamicEvaluation | None = None,
        cache: NeuralCache | None = None,
    ) -> np.ndarray:
        """float32[n, V]: the distribution of the token after each of ids int32[n], BOS first; see `score`.

        Raises UsageError when the domain's grammar forbids an id.
        """
        with self._documents_only():
            return self._scorer(dynamic, cache).probabilities(np.asarray(ids, np.int32))

    def activations(self, ids: np.ndarray) -> NamedActivations:
        """Gates, states and attention of every layer while the model reads ids int32[n], BOS first; a `Score` has them.

        All are kept for all n: (G + 2) · N · H + M + 1 floats a token, for G gates and candidate, N layers of H units,
        and attention over M positions. Raises UsageError when the domain's grammar forbids an id.
        """
        with self._documents_only():
            activations = self._introspector.activations(np.asarray(ids, np.int32))
        return NamedActivations(**vars(activations), tokens=tuple(self.domain.vocabulary[id] for id in ids))

    def gradient_norms(self, ids: np.ndarray, *, max_distance: int = 256) -> np.ndarray:
        """float64[K + 1, N]: ‖∂L/∂h_{T-k}‖ for k = 0 … K and each of N layers, L the cost of the last of ids int32[n].

        T is the step that reads the last id but one: how much what the model says there depends on its hidden states k
        steps before. K is `max_distance`, or as far as the document goes back. Raises InvalidValue, and UsageError when
        the domain's grammar forbids an id.
        """
        _check(0, max_distance=max_distance)
        with self._documents_only():
            return self._introspector.gradient_norms(np.asarray(ids, np.int32), max_distance)

    @contextmanager
    def _documents_only(self) -> Iterator[None]:
        """Says so when ids are no document."""
        try:
            yield
        except (ValueError, IndexError) as error:
            raise UsageError(f"These ids are no document of the domain {self.domain.name!r}: {error}.") from error

    def predict(self, source: Path | str, *, explain: bool = False, told: Told = ignore) -> Iterator[Answer]:
        """The domain's answer for each document of a file: its label, its translation, what comes next.

        `source` is a file or, where there is no such file, what the domain makes of that text; `explain` adds what in
        the document spoke for the answer; `told(what, count)` hears of what was left out or guessed. Raises UsageError
        where the domain predicts nothing, UnusableFile.
        """
        prediction = self.domain.require(Prediction, "explain" if explain else "predict")
        answer = prediction.explain if explain else prediction.predict
        records = self._records(source, "predict", told)
        while some := list(itertools.islice(records, ANSWERED_AT_ONCE)):
            yield from answer(some, self.oracle)

    def _scorer(self, dynamic: DynamicEvaluation | None, cache: NeuralCache | None) -> Scorer:
        """The scorer of these settings; compiled functions are kept for the next call."""
        if (dynamic, cache) not in self._scorers:
            dynamic_evaluator = DynamicEvaluator(self.model, dynamic, self._typical()) if dynamic else None
            self._scorers[dynamic, cache] = Scorer(self.model, dynamic_evaluator=dynamic_evaluator, cache=cache)
        return self._scorers[dynamic, cache]

    def _typical(self) -> list[np.ndarray]:
        """Beginnings of documents as the model draws them: a bundle holds none of the data that it was trained on."""
        start = np.array([BOS], np.int32)
        return self._sampler.sample(
            start, self.model.grammar, count=TYPICAL_DOCUMENTS, max_new_tokens=TYPICAL_LENGTH, seed=0
        )

    def calibrate(self, corpus: Corpus) -> None:
        """Lets the domain find what makes its answers better, and keeps it in the bundle."""
        prediction = self.domain.prediction
        if prediction is None:
            return
        train, held_out = (Records(self.domain, corpus.documents(split)) for split in ("train", "valid"))
        found = prediction.calibrate(train, held_out, self.oracle)
        if found != prediction.calibration:
            prediction.calibration = found
            self.bundle.describe_domain({**self.bundle.domain, "calibration": found.model_dump(mode="json")})

    def _held_out(self, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The held-out documents of the corpus in folder `path`, one at a time."""
        _, documents = held_out_split(self.domain, Corpus.open(path))
        for number in range(len(documents)):
            ids, weights = documents[number]
            grammar_states(self.model.grammar, ids, number)
            yield ids, weights

    def _prompt(self, prompt: Path | str | None, constraints: Mapping[str, Any] | None) -> Prompt:
        """What is given: nothing, the first document of a file, or what the domain makes of a text."""
        asked = self.domain.Constraints.from_mapping(constraints or {}, "constraint")
        if prompt is None:
            return self.domain.checked_prompt(None, asked)
        return self.domain.checked_prompt(next(self._records(prompt, "prompt")).item, asked)

    def _records(self, source: Path | str, task: Task, told: Told = ignore) -> Iterator[Record[Any]]:
        """The records of a file or, where there is no such file, the one that the domain makes of that text."""
        if isinstance(source, str) and not is_file(source):
            if not self.domain.prompting.offers("from_text"):
                raise UnusableFile(f"{source} is not a file; name one that exists.")
            return iter([Record(self.domain.prompting.from_text(source))])
        documents = self._read(Path(source), task, told)
        return (Record(self.domain.decode(document.ids), document.metadata) for document in documents)

    def _read(self, path: Path, task: Task = "encode", told: Told = ignore) -> Iterator[EncodedDocument]:
        """The documents of one file, read in a process of its own; raises UnusableFile unless there is one."""
        if not path.is_file():
            raise UnusableFile(f"{path} is not a file; name one that exists.")
        for _, reading in read_documents(self.domain, [path], task):
            if not len(reading.documents):
                raise UnusableFile(f"{path} cannot be used: {reading.explanation}.")
            for what, count in (*reading.dropped.items(), *reading.remarks.items()):
                told(what, count)
            yield from reading.documents


def _nothing_given(start: Prompt, what: str) -> Prompt:
    """The same prompt; raises UsageError when it gives tokens that `what` would have to be drawn around."""
    if start.given is not None:
        raise UsageError(f"{what} only goes on from a prompt, and these constraints give what follows; sample instead.")
    return start


def _check(seed: int, **counts: int) -> None:
    for name, value in counts.items():
        if not 1 <= value <= MOST:
            raise InvalidValue(f"{name} cannot be {value}; it must be between 1 and {MOST}.")
    if not 0 <= seed < 2**63:
        raise InvalidValue(f"seed cannot be {seed}; it must be between 0 and 2^63 - 1.")

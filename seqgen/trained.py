"""A trained model in use: sample, score, evaluate. Joins a bundle, its domain and the engine."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from seqgen.baselines import baselines
from seqgen.bundle import Bundle, read_bundle
from seqgen.corpus.store import Corpus, Documents, is_corpus
from seqgen.corpus.stream import states_of
from seqgen.corpus.whole import whole
from seqgen.corpus.workers import read_documents
from seqgen.domain import Domain, Prompt, Vocabulary
from seqgen.engine.beam import BeamSearch
from seqgen.engine.dynamic import Adaptation, DynamicEvaluation
from seqgen.engine.evaluation import Evaluator
from seqgen.engine.filters import Filters
from seqgen.engine.given import Filler
from seqgen.engine.inside import Observer
from seqgen.engine.model import Model
from seqgen.engine.neural_cache import NeuralCache
from seqgen.engine.sampling import Sampler
from seqgen.engine.scoring import Scorer
from seqgen.engine.settings import ModelSettings
from seqgen.engine.weights import weight_shapes
from seqgen.errors import BundleError, CorpusError, InvalidValue, UnusableFile, UsageError
from seqgen.grammar import BOS
from seqgen.novelty import longest_copies
from seqgen.plugins import load_domain
from seqgen.samples import Filled, Found, Inside, Sample, Score

LONGEST = 8192
MOST = 2**24
"""Of samples, and of tokens in one."""
EVALUATED_SAMPLES = 16
TYPICAL_DOCUMENTS, TYPICAL_LENGTH = 16, 512
COMPARED_DOCUMENTS = 2000
"""How many held-out documents at most the domain's metrics look at."""
SUMMARIES: dict[str, Callable[[list[int]], Any]] = {"mean": np.mean, "most": max}


class Trained:
    """A trained model; make one with `seqgen.load(path)`."""

    def __init__(self, bundle: Bundle, domain: Domain) -> None:
        """Raises BundleError when the weights do not fit the settings and the domain."""
        self.bundle = bundle
        self.domain = domain
        grammar = domain.grammar()
        try:
            settings = ModelSettings(**bundle.config["model"])
        except (KeyError, TypeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise BundleError(
                f"{bundle.path}/config.json is damaged ({reason}); take it from where it was trained."
            ) from error
        if bundle.config.get("grammar") != grammar.digest:
            raise BundleError(
                f"{bundle.path} was trained with another grammar of the domain {domain.name!r}; "
                "use the version of the plugin that it was trained with."
            )
        weights = bundle.weights(weight_shapes(settings, grammar.vocabulary_size, grammar.classes))
        self.model = Model(settings, weights, grammar)
        self._sampler = Sampler(self.model)
        self._beam_search = BeamSearch(self.model)
        self._filler = Filler(self._sampler)
        self._observer = Observer(self.model)
        self._scorers: dict[tuple[DynamicEvaluation | None, NeuralCache | None], Scorer] = {}

    def sample(
        self,
        count: int = 1,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        no_repeat: int = 0,
        seed: int = 0,
        longest: int = LONGEST,
    ) -> list[Sample]:
        """Draws `count` new documents; sample k of a seed is the same whatever `count` is.

        `constraints` are the domain's (`seqgen domains NAME` lists them), `prompt` a file that is continued or, where
        there is no such file, what the domain makes of that text; `longest` the most tokens to draw. Raises
        ImpossibleConstraints, UsageError, UnusableFile.
        """
        filters = Filters(temperature, top_k, top_p, min_p, repetition_penalty, no_repeat)
        _check(seed, count=count, longest=longest)
        start = self._prompt(prompt, constraints)
        drawn = self._sampler.sample(start.ids, start.grammar, count=count, longest=longest, seed=seed, filters=filters)
        return [Sample(seed, number, ids, self.domain.decode(ids)) for number, ids in enumerate(drawn)]

    def search(
        self,
        count: int = 1,
        *,
        beams: int = 8,
        length_penalty: float = 0.6,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        longest: int = LONGEST,
    ) -> list[Found]:
        """The likeliest documents that a beam search of `beams` beams finds, at most `count`, best first.

        length_penalty: the α of Wu et al. (2016), equation 14; 0 ranks by probability alone. The rest is as in
        `sample`, and so is what is raised.
        """
        _check(0, count=count, longest=longest)
        start = self._prompt(prompt, constraints)
        found = self._beam_search.search(
            start.ids, start.grammar, beams=beams, count=count, longest=longest, length_penalty=length_penalty
        )
        return [
            Found(0, rank, one.ids, self.domain.decode(one.ids), one.log_probability, one.score)
            for rank, one in enumerate(found)
        ]

    def fill(
        self,
        given: np.ndarray,
        count: int = 1,
        *,
        particles: int = 64,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        seed: int = 0,
        longest: int = LONGEST,
    ) -> list[Filled]:
        """Draws `count` documents in which the tokens int32[n] `given` stand right after the prompt; -1 is any token.

        Without a prompt, given[0] is the first token of the document. A given EOS fixes the length; otherwise the
        document goes on after the last given token as the model likes. Each sample is one of `particles` particles of
        its own, drawn by weight: the more, the closer to p(document | given), and the slower. The rest is as in
        `sample`; also raises ImpossibleConstraints when no document holds what is given, and InvalidValue.
        """
        _check(seed, count=count, longest=longest)
        start = self._prompt(prompt, constraints)
        made = self._filler.fill(
            start.ids, start.grammar, given, count=count, longest=longest, seed=seed, particles=particles
        )
        return [
            Filled(seed, number, ids, self.domain.decode(ids), float(log_evidence))
            for number, (ids, log_evidence) in enumerate(zip(made.samples, made.log_evidence, strict=True))
        ]

    def stream(
        self,
        number: int = 0,
        *,
        constraints: Mapping[str, Any] | None = None,
        prompt: Path | str | None = None,
        seed: int = 0,
        longest: int = LONGEST,
        **filters: Any,
    ) -> Iterator[str]:
        """What `sample(...)[number]` shows people, prompt included, piece by piece while it is drawn.

        `filters` are those of `sample`. Raises what `sample` does, and UsageError in a domain that has nothing to show
        before a document is whole.
        """
        _check(seed, longest=longest)
        start = self._prompt(prompt, constraints)
        drawn = self._sampler.stream(
            start.ids, start.grammar, count=1, first=number, longest=longest, seed=seed, filters=Filters(**filters)
        )
        return self.domain.live(itertools.chain([start.ids], (chunk[:, 0] for chunk in drawn)))

    def write(self, sample: Sample, folder: Path | str) -> list[Path]:
        """Writes a sample and every rendering of it to `folder`, named after its label. Raises OutputError."""
        path = Path(folder) / f"{self.domain.name}-{sample.label}"
        files = self.domain.write(sample.item, path)
        return files + [self.domain.render(sample.item, kind, path) for kind in self.domain.renders]

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
        for ids, weights in self._held_out(source) if is_corpus(source) else self._read(source):
            yield Score(source, ids, scorer.nats(ids, weights), float(weights.sum()))

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

    def inside(self, ids: np.ndarray) -> Inside:
        """Gates, states and attention of every layer while the model reads ids int32[n], BOS first; a `Score` has them.

        All are kept for all n: (G + 2) · N · H + M + 1 floats a token, for G gates and candidate, N layers of H units,
        and attention over M positions. Raises UsageError when the domain's grammar forbids an id.
        """
        with self._documents_only():
            activity = self._observer.activity(np.asarray(ids, np.int32))
        return Inside(**vars(activity), tokens=tuple(self.domain.vocabulary[id] for id in ids))

    def gradient_norms(self, ids: np.ndarray, *, furthest: int = 256) -> np.ndarray:
        """float64[K + 1, N]: ‖∂L/∂h_{T-k}‖ for k = 0 … K and each of N layers, L the cost of the last of ids int32[n].

        T is the step that reads the last id but one: how much what the model says there depends on its hidden states k
        steps before. K is `furthest`, or as far as the document goes back. Raises InvalidValue, and UsageError when the
        domain's grammar forbids an id.
        """
        _check(0, furthest=furthest)
        with self._documents_only():
            return self._observer.gradient_norms(np.asarray(ids, np.int32), furthest)

    @contextmanager
    def _documents_only(self) -> Iterator[None]:
        """Says so when ids are no document."""
        try:
            yield
        except (ValueError, IndexError) as error:
            raise UsageError(f"These ids are no document of the domain {self.domain.name!r}: {error}.") from error

    def _scorer(self, dynamic: DynamicEvaluation | None, cache: NeuralCache | None) -> Scorer:
        """The scorer of these settings; compiled functions are kept for the next call."""
        if (dynamic, cache) not in self._scorers:
            if cache:
                cache.check()
            adaptation = Adaptation(self.model, dynamic, self._typical()) if dynamic else None
            self._scorers[dynamic, cache] = Scorer(self.model, adaptation=adaptation, cache=cache)
        return self._scorers[dynamic, cache]

    def _typical(self) -> list[np.ndarray]:
        """Beginnings of documents as the model draws them: a bundle holds none of the data that it was trained on."""
        start = np.array([BOS], np.int32)
        return self._sampler.sample(
            start, self.model.grammar, count=TYPICAL_DOCUMENTS, longest=TYPICAL_LENGTH, seed=0, filters=Filters()
        )

    def evaluate(self, corpus: Corpus, *, seed: int = 0) -> dict[str, Any]:
        """Held-out likelihood beside baselines, and the domain's metrics of new samples beside held-out items.

        bits:    what a held-out document costs, per each unit that the domain measures it in; its end counts as a cost
        novelty: how many tokens the longest passage has that stands in the training corpus, of samples and, as what
                 is to be expected, of as many held-out documents cut to their length: mean and most

        Takes the corpus' test split, or the validation split where there is no test. Raises CorpusError.
        """
        split, documents = self._held_out_split(corpus)
        grammar = self.model.grammar
        batches = whole(documents, grammar, streams=16, steps=64)
        held_out = Evaluator(self.model).evaluate(batch for batch, _ in batches)
        made = self.sample(EVALUATED_SAMPLES, seed=seed)
        real = [self.domain.decode(documents[number][0]) for number in range(min(len(documents), COMPARED_DOCUMENTS))]
        return {
            "split": split,
            "documents": len(documents),
            "tokens": held_out.tokens,
            "unit": self.domain.unit,
            "nats": held_out.nats,
            "perplexity": float(np.exp(held_out.nats)),
            "bits": self._bits(documents, held_out.nats * held_out.tokens),
            "baselines": baselines(corpus.documents("train"), documents, grammar, self.domain.period),
            "novelty": _novelty(corpus.documents("train"), documents, [sample.ids for sample in made]),
            "metrics": self.domain.evaluate(real, [sample.item for sample in made]),
        }

    def _held_out_split(self, corpus: Corpus) -> tuple[str, Documents]:
        """The name and the documents of the test split, or of the validation split where there is no test."""
        if corpus.vocabulary != self.domain.vocabulary:
            raise CorpusError(f"{corpus.path} has another vocabulary than the model; take one that fits the model.")
        split = "test" if len(corpus.documents("test")) else "valid"
        return split, corpus.documents(split)

    def _held_out(self, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The held-out documents of the corpus in folder `path`, one at a time."""
        _, documents = self._held_out_split(Corpus.open(path))
        for number in range(len(documents)):
            ids, weights = documents[number]
            states_of(self.model.grammar, ids, number)
            yield ids, weights

    def _bits(self, documents: Documents, nats: float) -> dict[str, float]:
        """What `documents` cost by unit, where they cost `nats` together."""
        sizes: Counter[str] = Counter()
        for number in range(len(documents)):
            sizes.update(self.domain.measures(self.domain.decode(documents[number][0])))
        return {unit: nats / math.log(2) / size for unit, size in sizes.items() if size}

    def _prompt(self, prompt: Path | str | None, constraints: Mapping[str, Any] | None) -> Prompt:
        """What is given: nothing, the first document of a file, or what the domain makes of a text."""
        wishes = self.domain.Constraints.from_mapping(constraints or {}, "constraint")
        if prompt is None:
            return self.domain.prompt(None, wishes)
        if isinstance(prompt, str) and not is_file(prompt):
            return self.domain.prompt(self.domain.prompt_text(prompt), wishes)
        return self.domain.prompt(self.domain.decode(next(self._read(Path(prompt)))[0]), wishes)

    def _read(self, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The documents of one file, read in a process of its own; raises UnusableFile unless there is one."""
        if not path.is_file():
            raise UnusableFile(f"{path} is not a file; name one that exists.")
        for _, reading in read_documents(self.domain, [path]):
            if not len(reading.documents):
                raise UnusableFile(f"{path} cannot be used: {reading.why_not}.")
            yield from ((document.ids, document.weights) for document in reading.documents)


def is_file(name: str) -> bool:
    """Whether a file is called that; a text may be too long for a name, or hold what no name may."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False


def _check(seed: int, **counts: int) -> None:
    for name, value in counts.items():
        if not 1 <= value <= MOST:
            raise InvalidValue(f"{name} cannot be {value}; it must be between 1 and {MOST}.")
    if not 0 <= seed < 2**63:
        raise InvalidValue(f"seed cannot be {seed}; it must be between 0 and 2^63 - 1.")


def _novelty(train: Documents, held_out: Documents, samples: list[np.ndarray]) -> dict[str, float]:
    """The longest passages that stand in `train`, in tokens: mean and most of the samples and of held-out documents."""
    pairs = zip(samples, range(len(held_out)), strict=False)
    real = [held_out[number][0][: len(sample)] for sample, number in pairs]
    copies = longest_copies([*samples, *real], (train[number][0] for number in range(len(train))))
    sides = {"samples": copies[: len(samples)], "held out": copies[len(samples) :]}
    return {f"{name}, {side}": float(how(found)) for side, found in sides.items() for name, how in SUMMARIES.items()}


class _NamedDomain(BaseModel):
    """What domain.json holds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    api_version: int
    settings: dict[str, Any]
    vocabulary: list[str]


def load(path: Path | str, *, bundled_only: bool = False) -> Trained:
    """The model in a run or a bundle, ready to sample. Raises BundleError, UnknownName, PluginError."""
    bundle = read_bundle(Path(path))
    try:
        named = _NamedDomain(**bundle.domain)
        vocabulary = Vocabulary(named.vocabulary)
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"{bundle.path}/domain.json is damaged ({reason}); take it from where it was trained."
        ) from error
    made = load_domain(named.name, bundled_only=bundled_only)
    try:
        settings = made.Settings.from_mapping(named.settings)
    except UsageError as error:
        raise BundleError(f"{bundle.path} does not fit the plugin {named.name!r} that is installed: {error}") from error
    return Trained(bundle, made(settings, vocabulary))

"""A trained model in use: sample, score, evaluate. Joins a bundle, its domain and the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from seqgen.baselines import baselines
from seqgen.bundle import Bundle, read_bundle
from seqgen.corpus.store import Corpus
from seqgen.corpus.whole import whole
from seqgen.corpus.workers import read_documents
from seqgen.domain import Domain, Prompt, Vocabulary
from seqgen.engine.beam import BeamSearch
from seqgen.engine.evaluation import Evaluator
from seqgen.engine.filters import Filters
from seqgen.engine.given import Filler
from seqgen.engine.model import Model, weight_shapes
from seqgen.engine.sampling import Sampler
from seqgen.engine.scoring import Scorer
from seqgen.engine.settings import ModelSettings
from seqgen.errors import BundleError, CorpusError, InvalidValue, UnusableFile, UsageError
from seqgen.grammar import EOS
from seqgen.plugins import load_domain

LONGEST = 8192
EVALUATED_SAMPLES = 16


@dataclass(frozen=True, eq=False)
class Sample:
    """One document that was drawn: its ids int32[n], prompt included, and the domain's item."""

    seed: int
    number: int
    ids: np.ndarray
    item: Any

    @property
    def ended(self) -> bool:
        """False where the longest allowed length cut it off."""
        return bool(self.ids[-1] == EOS)

    @property
    def label(self) -> str:
        """What its files are called after the domain."""
        return f"{self.seed}-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class Found(Sample):
    """One document that beam search found: `number` is its rank, from 0, and `seed` is 0, for nothing is drawn."""

    log_probability: float
    """ln p of the tokens after the prompt, in nats."""
    score: float
    """The same with the length penalty."""

    @property
    def label(self) -> str:
        return f"beam-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class Filled(Sample):
    """One document that was drawn around given tokens."""

    log_evidence: float
    """An estimate of ln p(given tokens), in nats; exp of it is unbiased."""

    @property
    def label(self) -> str:
        return f"filled-{self.seed}-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class Score:
    """What one document costs."""

    path: Path
    ids: np.ndarray
    nats: np.ndarray
    """float32[n]: -ln p of each id; 0 where the domain does not count it."""
    tokens: float
    """The sum of the weights."""

    @property
    def nats_per_token(self) -> float:
        return float(self.nats.sum() / max(self.tokens, 1.0))


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
        self._filler = Filler(self.model)
        self._scorer = Scorer(self.model)

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

        `constraints` are the domain's (`seqgen domains NAME` lists them), `prompt` a file that is continued, `longest`
        the most tokens to draw. Raises ImpossibleConstraints, UsageError, UnusableFile.
        """
        filters = Filters(temperature, top_k, top_p, min_p, repetition_penalty, no_repeat)
        start = self._start(constraints, prompt, count, longest, seed)
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
        start = self._start(constraints, prompt, count, longest)
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
        start = self._start(constraints, prompt, count, longest, seed)
        made = self._filler.fill(
            start.ids, start.grammar, given, count=count, longest=longest, seed=seed, particles=particles
        )
        return [
            Filled(seed, number, ids, self.domain.decode(ids), float(log_evidence))
            for number, (ids, log_evidence) in enumerate(zip(made.samples, made.log_evidence, strict=True))
        ]

    def _start(
        self, constraints: Mapping[str, Any] | None, prompt: Path | str | None, count: int, longest: int, seed: int = 0
    ) -> Prompt:
        """What a call starts from, after a look at what it asks for; raises what `sample` does."""
        for name, value in {"count": count, "longest": longest}.items():
            if value < 1:
                raise InvalidValue(f"{name} cannot be {value}; it must be at least 1.")
        if not 0 <= seed < 2**63:
            raise InvalidValue(f"seed cannot be {seed}; it must be between 0 and 2^63 - 1.")
        wishes = self.domain.Constraints.from_mapping(constraints or {}, "constraint")
        item = None if prompt is None else self._read_prompt(Path(prompt))
        return self.domain.prompt(item, wishes)

    def write(self, sample: Sample, folder: Path | str) -> list[Path]:
        """Writes a sample and every rendering of it to `folder`, named after its label. Raises OutputError."""
        path = Path(folder) / f"{self.domain.name}-{sample.label}"
        files = self.domain.write(sample.item, path)
        return files + [self.domain.render(sample.item, kind, path) for kind in self.domain.renders]

    def score(self, path: Path | str) -> Iterator[Score]:
        """What the model makes of each document of a file; raises UnusableFile."""
        path = Path(path)
        for ids, weights in self._read(path):
            yield Score(path, ids, self._scorer.nats(ids) * weights, float(weights.sum()))

    def evaluate(self, corpus: Corpus, *, seed: int = 0) -> dict[str, Any]:
        """Held-out likelihood beside baselines, and the domain's metrics of new samples beside held-out items.

        Takes the corpus' test split, or the validation split where there is no test. Raises CorpusError.
        """
        if corpus.vocabulary != self.domain.vocabulary:
            raise CorpusError(f"{corpus.path} has another vocabulary than the model; evaluate it on its own corpus.")
        split = "test" if len(corpus.documents("test")) else "valid"
        documents = corpus.documents(split)
        grammar = self.model.grammar
        batches = whole(documents, grammar, streams=16, steps=64)
        held_out = Evaluator(self.model).evaluate(batch for batch, _ in batches)
        real = [self.domain.decode(documents[number][0]) for number in range(len(documents))]
        made = [sample.item for sample in self.sample(EVALUATED_SAMPLES, seed=seed)]
        return {
            "split": split,
            "documents": len(documents),
            "tokens": held_out.tokens,
            "unit": self.domain.unit,
            "nats": held_out.nats,
            "baselines": baselines(corpus.documents("train"), documents, grammar, self.domain.period),
            "metrics": self.domain.evaluate(real, made),
        }

    def _read_prompt(self, path: Path) -> Any:
        return self.domain.decode(self._read(path)[0][0])

    def _read(self, path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
        """The documents of one file, read in a process of its own."""
        if not path.is_file():
            raise UnusableFile(f"{path} is not a file; name one that exists.")
        for _, reading in read_documents(self.domain, [path]):
            if reading.documents:
                return [(document.ids, document.weights) for document in reading.documents]
            why = reading.reason or ", ".join(reading.dropped) or "it is empty"
            raise UnusableFile(f"{path} cannot be used: {why}.")
        raise AssertionError("one path gives one reading")


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

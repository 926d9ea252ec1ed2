"""How probable documents are under a model, and what happens inside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.contract.capabilities import Display
from seqgen.contract.domain import Domain
from seqgen.corpus.storage.records import held_out_split
from seqgen.corpus.storage.store import Corpus, is_corpus
from seqgen.corpus.storage.training_batches import grammar_states
from seqgen.engine.decoding.decoder import Precision
from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation, DynamicEvaluator
from seqgen.engine.scoring.neural_cache import NeuralCache
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import UsageError
from seqgen.grammar import BOS
from seqgen.models.bundle import Bundle
from seqgen.workflows.file_records import read_file
from seqgen.workflows.loaded_model import LoadedModel, check_arguments
from seqgen.workflows.results import DocumentScore, NamedActivations

STATISTICS_DOCUMENTS, STATISTICS_LENGTH = 16, 512
"""Dynamic evaluation needs statistics of gradients. They are taken from so many samples of so many tokens."""


class ScoringModel(LoadedModel):
    """A model that says how probable documents are, and shows what happens inside it."""

    def __init__(self, bundle: Bundle, domain: Domain[Any], precision: Precision = "float32") -> None:
        """Raises BundleError if the weights do not fit the settings and the domain. For `precision` see `load`."""
        super().__init__(bundle, domain, precision)
        self._scorers: dict[tuple[DynamicEvaluation | None, NeuralCache | None], Scorer] = {}

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
        check_arguments(0, max_distance=max_distance)
        with self._usage_errors():
            return self._introspector.gradient_norms(np.asarray(ids, np.int32), max_distance)

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

    def _held_out(self, path: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields ids and weights of the held-out documents of the corpus in folder `path`."""
        corpus = Corpus.open(path)
        _, documents = held_out_split(self.domain, corpus)
        corpus.verify()
        for number in range(len(documents)):
            ids, weights = documents[number]
            grammar_states(self.model.grammar, ids, documents.describe(number))
            yield ids, weights

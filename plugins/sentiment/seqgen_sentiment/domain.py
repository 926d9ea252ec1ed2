"""The domain `sentiment`: labels for the content of any other domain, which is called the base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from seqgen import (
    EOS,
    BundleError,
    Deduplication,
    Domain,
    Example,
    Grammar,
    Learned,
    Metrics,
    Options,
    Record,
    Remark,
    UnusableFile,
    Vocabulary,
)
from seqgen.contract.wrapping import WrappedMetrics
from seqgen_sentiment import learning
from seqgen_sentiment.deduplication import LabelledDeduplication
from seqgen_sentiment.defaults import LabelledDefaults
from seqgen_sentiment.display import LabelledDisplay
from seqgen_sentiment.document_layout import DocumentLayout
from seqgen_sentiment.inference import LabelledInference
from seqgen_sentiment.labelled_grammar import LabelledGrammar
from seqgen_sentiment.labelled_item import LabelledItem, labelled_path
from seqgen_sentiment.learning import LabelledLearning
from seqgen_sentiment.prediction import LabelPrediction
from seqgen_sentiment.prompting import LabelledPrompting
from seqgen_sentiment.reading import TABLES, LabelledReader, LabelledReading
from seqgen_sentiment.settings import SentimentSettings, constraints_of
from seqgen_sentiment.training import LabelledTraining


class SentimentDomain(Domain[LabelledItem]):
    """Labels for any other domain: predicts the label of content, and generates content with a label."""

    name: ClassVar[str] = "sentiment"
    interface_version: ClassVar[int] = 2

    class Settings(SentimentSettings):
        """The domain of the content, where content and labels are, and how much a label weighs."""

    class Constraints(Options):
        """What can be asked of a sample: its label. A domain that is made also has the constraints of its base."""

        label: str | None = Field(default=None, description="the label of the sample; the base's own constraints too")

    def __init__(
        self, settings: Any = None, vocabulary: Vocabulary | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        """Raises BundleError for a vocabulary that cannot be one of labelled content."""
        super().__init__(settings, vocabulary, state)
        try:
            self.layout = DocumentLayout(self.vocabulary)
        except ValueError as error:
            raise BundleError(
                f"The vocabulary is not one of labelled content: {error}; copy the whole model again from where it was "
                "trained."
            ) from error
        self.base: Domain[Any] = self.settings.make_base(self.layout.content_names, self.state)
        self._grammar = LabelledGrammar(self.layout, self.base.grammar())
        self._reader = LabelledReader(self.base, self.settings, self.layout.labels)
        self.Constraints = constraints_of(self.base)  # type: ignore[misc, assignment]
        self.reads = (*TABLES, *self.base.reads) if self.base.reads else ()
        self.unit = self.base.unit
        self._wrap_capabilities(self.base, self._grammar, self._reader)

    def _wrap_capabilities(self, base: Domain[Any], grammar: LabelledGrammar, reader: LabelledReader) -> None:
        layout, settings = self.layout, self.settings
        has_groups = settings.group_column is not None
        self.prompting = prompting = LabelledPrompting(self, base, grammar, reader)
        self.display = LabelledDisplay(base.display, layout) if base.display else None
        self.prediction = LabelPrediction(base, grammar, reader, prompting, settings.span_weight)
        self.metrics = WrappedMetrics(base.metrics or Metrics(), layout)
        self.deduplication = LabelledDeduplication(base.deduplication or Deduplication(), layout, has_groups)
        self.inference = LabelledInference(base.inference, settings, reader) if base.inference else None
        self.training = LabelledTraining(base.training, settings, grammar)
        self.learning = LabelledLearning(base, settings)
        self.defaults = LabelledDefaults(base.defaults) if base.defaults else None
        self.reading = LabelledReading(base.reading)

    def read(self, path: Path) -> Iterator[LabelledItem | Record[LabelledItem] | Remark]:
        return self._reader.read(path)

    def learn(self, observations: Iterable[Any]) -> Learned:
        return learning.learn(self.settings, observations)

    def encode(self, item: LabelledItem) -> Example:
        """Returns the document with its label last. Raises UnusableFile for content that the base cannot encode."""
        content = self.base.encode(item.content)
        if content.ids[-1] != EOS:
            raise UnusableFile("content without an end")
        label = self.layout.label_id(item.label)
        prefix = self.layout.classification_prefix(content.ids[1:-1], is_span=item.is_span)
        ids = np.array([*prefix, label, EOS], np.int32)
        weight = self.settings.label_weight or float(content.weights.sum())
        # Which place has the label is given, and nothing but EOS can follow the last place.
        weights = [0, 0, *content.weights[1:], 0 if label == self.layout.unlabelled else weight, 0]
        scale = self.settings.span_weight if self.layout.is_span(ids) else 1
        return Example(ids, scale * np.array(weights, np.float32))

    def decode(self, ids: np.ndarray) -> LabelledItem:
        document, _ = self.layout.document(ids)
        return LabelledItem(self.base.decode(document), self.layout.label(ids), self.layout.is_span(ids))

    def write(self, item: LabelledItem, path: Path) -> list[Path]:
        """Writes the content into a folder that is named after the label. It can be read again from there."""
        return self.base.write(item.content, labelled_path(item, path))

    def grammar(self, constraints: Any = None) -> Grammar:
        if constraints is None or constraints.is_empty:
            return self._grammar.all_documents
        return self.prompting.prompt(None, constraints).grammar

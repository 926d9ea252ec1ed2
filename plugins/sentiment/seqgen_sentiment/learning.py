"""What is learned from labelled content: what the base learns from the content, and the labels."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from seqgen import BundleError, CorpusError, Domain, Learned, UsageError, VocabularyLearning
from seqgen.contract.wrapping import learns_from_data
from seqgen_sentiment.document_layout import DocumentLayout
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.settings import SentimentSettings

MIN_DOCUMENTS = 10
"""With fewer documents, a label for nearly each of them is not taken for a mistake."""


class LabelledLearning(VocabularyLearning[LabelledItem]):
    """An observation is a label, and the base's observation of the content."""

    def __init__(self, base: Domain[Any], settings: SentimentSettings) -> None:
        self.base = base
        self.settings = settings

    @functools.cached_property
    def _base_learns(self) -> bool:
        return learns_from_data(self.base)

    def observe(self, item: LabelledItem) -> Any:
        if not self._base_learns:
            return [item.label, None]
        return [item.label, (self.base.learning or VocabularyLearning()).observe(item.content)]

    def extend(self, known: Learned, observations: Iterable[Any]) -> Learned:
        """Returns what a trained model of the base or of labelled content knows, and the labels."""
        labels = labels_of(observations)
        try:
            layout = DocumentLayout(known.vocabulary)
            names, labels = layout.content_names, labels | {*layout.labels}
        except ValueError:
            names = known.vocabulary.names[2:]
        try:
            base = self.settings.make_base(names, known.state)
        except BundleError as error:
            raise UsageError(
                f"The model to start from is of another kind of {self.settings.base!r}; give the settings base.… that "
                f"it was trained with. {error}"
            ) from error
        return with_labels(Learned(base.vocabulary, base.state), labels, self.settings)

    def start_domains(self) -> tuple[str, ...]:
        return ("sentiment", self.settings.base)


def learn(settings: SentimentSettings, observations: Iterable[Any]) -> Learned:
    """Returns what the base learns from the content, and the labels. Raises CorpusError for less than two labels."""
    labels = labels_of(observations)
    return with_labels(settings.make_base().learned(_ContentObservations(observations)), labels, settings)


def with_labels(content: Learned, labels: Iterable[str], settings: SentimentSettings) -> Learned:
    """Returns the base's vocabulary with labels. The other state is the base's. Raises CorpusError."""
    try:
        has_spans = settings.span_files is not None
        vocabulary = DocumentLayout.vocabulary(content.vocabulary, sorted(labels), has_spans=has_spans)
        return Learned(vocabulary, content.state)
    except ValueError as error:
        raise CorpusError(f"The content cannot be labelled: {error}; rename that label.") from error


def labels_of(observations: Iterable[Any]) -> set[str]:
    """Returns the labels of all observations. Raises CorpusError unless there are two labels to tell apart."""
    counts = Counter(label for label, _ in observations)
    unlabelled, documents = counts.pop(None, 0), sum(counts.values())
    advice = "name the column of labels with label_column=…, or put the files into folders named after their labels"
    if unlabelled and not counts:
        raise CorpusError(f"Nothing has a label; {advice}.")
    if len(counts) == 1:
        raise CorpusError(f"Every document of the training split has the label {next(iter(counts))!r}; {advice}.")
    if documents >= MIN_DOCUMENTS and 2 * len(counts) > documents:
        raise CorpusError(f"There are {len(counts)} labels for {documents} training documents; {advice}.")
    return set(counts)


class _ContentObservations:
    """The base's part of the observations. It can be iterated over as often as they."""

    def __init__(self, observations: Iterable[Any]) -> None:
        self._observations = observations

    def __iter__(self) -> Iterator[Any]:
        return (content for _, content in self._observations)

"""How content and label become one document.

    BOS  slot  content …  <end>  slot  EOS

One slot holds the label, the other one `<unlabelled>`. A document with the label first teaches the model to generate by
label, p(content | label). A document with the label last teaches it to classify, p(label | content), and to generate
without a label, which classifier-free guidance needs. If the label is not known, both slots hold `<unlabelled>`.

An item is one document whose label changes its slot from epoch to epoch, not two documents. So both forms are in the
same split, and held-out documents, with the label last, are measured by ln p(content, label).

A span, which is a labelled part of a document, holds `<labelled span>` in the first slot and its label in the last one.
So the model knows spans from whole documents, learns labels from both, and generates only whole documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgen import BOS, EOS, Vocabulary
from seqgen.contract.wrapping import BaseView
from seqgen_sentiment.labelled_item import LabelledItem

UNLABELLED, END = "<unlabelled>", "<end>"
LABEL_PREFIX = "label:"
SPAN = "<labelled span>"
"""The name has spaces, so no tokenizer of words has it."""


class LabelSlots(NamedTuple):
    """The ids that the first slot may hold, and the ids that the last slot may hold."""

    first: Sequence[int]
    last: Sequence[int]


class DocumentLayout(BaseView[LabelledItem, Any]):
    """Where content and labels are in the vocabulary and in a document.

    The vocabulary is that of the base, then `<labelled span>` if there are spans, `<unlabelled>`, `<end>` and the
    labels. The base's document is the ids of the content, and `<end>` is its EOS.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Raises ValueError for a vocabulary that is not of this form."""
        names = vocabulary.names
        first = len(names)
        while names[first - 1].startswith(LABEL_PREFIX):
            first -= 1
        if names[first - 2 : first] != (UNLABELLED, END):
            raise ValueError(f"it has no {UNLABELLED} and {END} before its labels")
        self.vocabulary_size = len(names)
        self.unlabelled, self.end = first - 2, first - 1
        self.span = self.unlabelled - 1 if names[self.unlabelled - 1] == SPAN else None
        self.content_stop = self.unlabelled if self.span is None else self.span
        self.content_names = names[2 : self.content_stop]
        self.labels = tuple(name.removeprefix(LABEL_PREFIX) for name in names[first:])
        self.label_ids = range(first, len(names))
        self.label_first = LabelSlots(self.label_ids, [self.unlabelled])
        unlabelled_first = [self.unlabelled] if self.span is None else [self.unlabelled, self.span]
        self.label_last = LabelSlots(unlabelled_first, [*self.label_ids, self.unlabelled])

    @staticmethod
    def vocabulary(content: Vocabulary, labels: Sequence[str], *, has_spans: bool = False) -> Vocabulary:
        """Returns the vocabulary of labelled content. Raises ValueError if a token of the content has a taken name."""
        names = content.names[2:]
        if SPAN in names:
            raise ValueError(f"the name {SPAN!r} is there twice")
        spans = [SPAN] if has_spans else []
        return Vocabulary([*names, *spans, UNLABELLED, END, *(LABEL_PREFIX + label for label in labels)])

    def label_id(self, label: str | None) -> int:
        """Returns the id of a label, or of `<unlabelled>` for None and for a label that training did not see."""
        return self.label_ids[self.labels.index(label)] if label in self.labels else self.unlabelled

    def slots(self, label: str | None) -> LabelSlots:
        """Returns the slots of generated documents: this label first, or any label last if it is None."""
        return LabelSlots([self.label_id(label)], self.label_ids if label is None else [self.unlabelled])

    def classification_prefix(self, content: np.ndarray, *, is_span: bool = False) -> np.ndarray:
        """Returns what comes before the last slot, int32[n + 3], around content int32[n]."""
        first = self.span if is_span and self.span is not None else self.unlabelled
        return np.concatenate([[BOS, first], content, [self.end]]).astype(np.int32)

    def is_span(self, ids: np.ndarray) -> bool:
        """Whether a document is a span."""
        return self.span is not None and len(ids) > 1 and int(ids[1]) == self.span

    def is_content(self, ids: np.ndarray) -> np.ndarray:
        """Returns whether each id is of the content: bool[n]."""
        return np.asarray((ids > EOS) & (ids < self.content_stop))

    def content(self, ids: np.ndarray) -> np.ndarray:
        """Returns the ids of the content, without BOS and EOS."""
        return np.asarray(ids[self.is_content(ids)])

    def label(self, ids: np.ndarray) -> str | None:
        """Returns the label of a document, in whichever slot it is."""
        found = ids[ids > self.end]
        return self.labels[int(found[0]) - self.label_ids.start] if found.size else None

    def item(self, item: LabelledItem) -> Any:
        return item.content

    def document(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        content = np.flatnonzero(self.is_content(ids))
        end = np.flatnonzero(ids == self.end)[:1]
        document = np.concatenate([[BOS], ids[content], [EOS] * len(end)]).astype(np.int32)
        return document, np.concatenate([[0], content, end])

"""How content and label become one document, and the grammar of that.

    BOS  place  content …  <end>  place  EOS

One of the two places holds the label, the other one `<unlabelled>`. With the label first a model learns to write to
order, p(content | label); with the label last it learns to judge, p(label | content), and to write without an order,
which is what classifier-free guidance draws away from. Where nobody has said the label, both places are `<unlabelled>`.

It is one document whose label changes places from epoch to epoch, and not two documents: then copies of one example
cannot lie on both sides of a split, and held-out documents, label last, are measured by ln p(content, label).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from seqgen import BOS, EOS, Grammar, Vocabulary
from seqgen.grammar import Part, embed, join, one_of, with_budget

UNLABELLED, END = "<unlabelled>", "<end>"
LABEL = "label:"


MOST_CELLS = 50_000_000
"""Of the grammar in which every label has states of its own."""


class Side(NamedTuple):
    """One way to fill the places: the ids that the first may hold, and the last."""

    first: Sequence[int]
    last: Sequence[int]


class Frame:
    """The vocabulary of labelled content: that of the content, `<unlabelled>`, `<end>`, and the labels."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Raises ValueError for a vocabulary that is not of this form."""
        names = vocabulary.names
        first = len(names)
        while names[first - 1].startswith(LABEL):
            first -= 1
        if names[first - 2 : first] != (UNLABELLED, END):
            raise ValueError(f"it has no {UNLABELLED} and {END} before its labels")
        self.size = len(names)
        self.unlabelled, self.end = first - 2, first - 1
        self.content_names = names[2 : self.unlabelled]
        self.labels = tuple(name.removeprefix(LABEL) for name in names[first:])
        self.label_ids = range(first, len(names))
        self.label_first = Side(self.label_ids, [self.unlabelled])
        self.label_last = Side([self.unlabelled], [*self.label_ids, self.unlabelled])
        self._told_classes = 0

    @staticmethod
    def vocabulary(content: Vocabulary, labels: Sequence[str]) -> Vocabulary:
        """Raises ValueError when a token of the content is called as one of the frame's."""
        return Vocabulary([*content.names[2:], UNLABELLED, END, *(LABEL + label for label in labels)])

    def place(self, label: str | None) -> int:
        """The id that says a label; that of `<unlabelled>` for None and for a label that training did not see."""
        return self.label_ids[self.labels.index(label)] if label in self.labels else self.unlabelled

    def side(self, label: str | None) -> Side:
        """Documents written to order, that label first; without an order, any label last."""
        return Side([self.place(label)], self.label_ids if label is None else [self.unlabelled])

    def judged(self, content: np.ndarray) -> np.ndarray:
        """What comes before the last place, int32[n + 3], around the content's own tokens int32[n]."""
        return np.concatenate([[BOS, self.unlabelled], content, [self.end]]).astype(np.int32)

    def content(self, ids: np.ndarray) -> np.ndarray:
        """The content's own tokens."""
        return ids[self.is_content(ids)]

    def is_content(self, ids: np.ndarray) -> np.ndarray:
        """bool[n]: whether each id is a token of the content."""
        return np.asarray((ids > EOS) & (ids < self.unlabelled))

    def label(self, ids: np.ndarray) -> str | None:
        """The label of a document, in whichever place it is."""
        found = ids[ids > self.end]
        return self.labels[int(found[0]) - self.label_ids.start] if found.size else None

    def whole(self, content: Grammar) -> Grammar:
        """All documents around what `content`, the grammar of the base, accepts.

        From here on a model is told, at every step, the label that stands first with the content's own class of states,
        for it forgets one token at the beginning; unless that would make the tables too large.
        """
        if len(self.labels) * content.state_count * self.size <= MOST_CELLS:
            self._told_classes = content.class_count
        return self.grammar(content, [self.label_first, self.label_last])

    def asking(self, whole: Grammar) -> int:
        """The state of `whole(…)` in which a label may come last."""
        after_content = whole.next_state[whole.allowed[:, self.end], self.end]
        return int(after_content[whole.allowed[after_content][:, self.label_ids].all(1)][0])

    def grammar(self, content: Grammar, sides: Sequence[Side]) -> Grammar:
        """Documents of these sides around content that `content` accepts, the end of which is `<end>`.

        Outside of the content a model is told the class of the content's start.
        """
        if self._told_classes:
            sides = [Side([first], side.last) for side in sides for first in side.first]
        start_class = int(content.state_class[content.start])
        parts: list[Part] = []
        for side in sides:
            told = side.first[0] - self.end if side.first[0] != self.unlabelled else 0
            classes = content.state_class + told * self._told_classes
            inside = replace(content, state_class=classes, budget=None)
            inside = embed(inside, np.arange(self.unlabelled), self.size, self.end)
            first, last = (one_of(np.isin(np.arange(self.size), place), start_class) for place in side)
            number = len(parts)
            parts += [Part(first, [number + 1]), Part(inside, [number + 2]), Part(last, may_be_last=True)]
        states = (content.state_count + 6) * len(sides) + 2
        whole = join(parts, range(0, len(parts), 3), max_states=states)
        if content.budget is None:
            return whole
        cost = np.zeros(self.size, np.int32)
        cost[: self.unlabelled] = content.budget.cost
        return with_budget(whole, replace(content.budget, cost=cost, end_token=self.end))

"""The automata of labelled documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqgen import EOS, Grammar
from seqgen.grammar import with_budget
from seqgen_sentiment.document_layout import DocumentLayout, LabelSlots

MAX_CELLS = 10_000_000
"""States × tokens of a grammar in which every label has states of its own. A cell takes 5 bytes."""


class LabelledGrammar:
    """Makes automata of labelled documents around those of content.

    base:          the automaton of all content
    all_documents: the automaton of all labelled documents
    label_states:  int[classes of the base], the states for a label that is predicted within the content

    A model forgets one token at the beginning of a long document. So it is told the first label at every step: a state
    within the content has a class for each class of the base and each first label, unless that needs too many states.
    """

    def __init__(self, layout: DocumentLayout, base: Grammar) -> None:
        self.layout = layout
        self.base = base
        fits = len(layout.labels) * base.state_count * layout.vocabulary_size <= MAX_CELLS
        self._classes_per_label = base.class_count if fits else 0
        documents = self.around(base, [layout.label_first, layout.label_last])
        self.label_states = documents.state_count + np.arange(base.class_count)
        self.all_documents = self._with_label_states(documents)

    def _with_label_states(self, grammar: Grammar) -> Grammar:
        """Returns the automaton with a state for each class of the base in which a label may be in the last slot.

        Nothing leads to these states. They are told where a label is predicted within the content (training.py): the
        label is expected there, but the class is that of the content, on which the registers of the base depend.
        """
        end = self.layout.end
        after_content = grammar.next_state[grammar.allowed[:, end], end]
        last = after_content[grammar.allowed[after_content][:, self.layout.label_ids].all(1)][0]
        rows = np.append(np.arange(grammar.state_count), np.full(self.base.class_count, last))
        classes = np.append(grammar.state_class, np.arange(self.base.class_count)).astype(np.int32)
        return replace(grammar, allowed=grammar.allowed[rows], next_state=grammar.next_state[rows], state_class=classes)

    def around(self, content: Grammar, choices: Sequence[LabelSlots]) -> Grammar:
        """Returns the automaton of documents with content that `content` accepts and slots of one of the `choices`.

        The choices differ in what the first slot may hold. The states outside of the content have the class of the
        content's start.
        """
        layout = self.layout
        if self._classes_per_label:
            choices = [LabelSlots([first], slots.last) for slots in choices for first in slots.first]
        states, copies = content.state_count, len(choices)
        ends = list(dict.fromkeys(tuple(slots.last) for slots in choices))
        start, first_end = copies * states, copies * states + 1
        done = first_end + len(ends)
        allowed = np.zeros((done + 1, layout.vocabulary_size), bool)
        next_state = np.zeros(allowed.shape, np.int32)
        state_class = np.full(done + 1, content.state_class[content.start], np.int32)
        for number, slots in enumerate(choices):
            rows, origin = slice(number * states, (number + 1) * states), number * states
            allowed[rows, EOS + 1 : layout.content_stop] = content.allowed[:, EOS + 1 :]
            next_state[rows, EOS + 1 : layout.content_stop] = content.next_state[:, EOS + 1 :] + origin
            allowed[rows, layout.end] = content.allowed[:, EOS]
            next_state[rows, layout.end] = first_end + ends.index(tuple(slots.last))
            label_number = max(slots.first[0] - layout.end, 0)
            state_class[rows] = content.state_class + label_number * self._classes_per_label
            first = np.asarray(slots.first)
            allowed[start, first], next_state[start, first] = True, origin + content.start
        for state, last in enumerate(ends, first_end):
            allowed[state, np.asarray(last)], next_state[state, np.asarray(last)] = True, done
        allowed[done, EOS] = True
        grammar = Grammar(allowed, next_state, start, state_class)
        if content.budget is None:
            return grammar
        cost = np.zeros(layout.vocabulary_size, np.int32)
        cost[: layout.content_stop] = content.budget.cost
        return with_budget(grammar, replace(content.budget, cost=cost, end_token=layout.end))

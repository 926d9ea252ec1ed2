"""How a sentence pair becomes one document.

    BOS  source …  <separator>  target …  EOS

The model reads the source and then writes the target. Its attention looks back at the source.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen import BOS, EOS, Example, Grammar, Vocabulary
from seqgen.grammar import TransitionTable

SEPARATOR = "<separator>"


class DocumentLayout:
    """Where source and target are in the vocabulary and in a document.

    The vocabulary is that of the tokenizer, then the separator.
    """

    def __init__(self, vocabulary: Vocabulary, source_weight: float) -> None:
        """Raises ValueError for a vocabulary that does not end with the separator."""
        if vocabulary.names[-1] != SEPARATOR:
            raise ValueError(f"it does not end with {SEPARATOR}")
        self.token_names = vocabulary.names[2:-1]
        self.separator = len(vocabulary) - 1
        self._source_weight = source_weight

    @staticmethod
    def vocabulary(tokens: Vocabulary) -> Vocabulary:
        """Returns the vocabulary of documents over the tokens of a tokenizer."""
        return Vocabulary([*tokens.names[2:], SEPARATOR])

    def document(self, source: Sequence[int], target: Sequence[int] | None) -> Example:
        """Returns the document of a pair. Without a target it ends with the separator."""
        following = [] if target is None else [*target, EOS]
        ids = np.array([BOS, *source, self.separator, *following], np.int32)
        weights = np.ones(len(ids), np.float32)
        weights[: len(source) + 2] = self._source_weight
        weights[0] = 0
        return Example(ids, weights)

    def parts(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Returns the source int32[n] and the target int32[m] of a document, which may be cut after any token.

        The target is None if the document ends before it begins.
        """
        content = ids[ids > EOS]
        separators = np.flatnonzero(content == self.separator)
        if not separators.size or (ids[-1] == self.separator):
            return content[content != self.separator], None
        return content[: separators[0]], content[separators[0] + 1 :]

    def grammar(self, text: Grammar) -> Grammar:
        """Returns the automaton of documents whose source and target `text` accepts.

        Its state classes are those of `text`, once for the source and once for the target.
        """
        states, vocabulary_size = text.allowed.shape
        source, target = slice(0, states), slice(states, 2 * states)
        table = TransitionTable(2 * states, vocabulary_size + 1)
        for number, rows in enumerate((source, target)):
            table.allowed[rows, :vocabulary_size] = text.allowed
            table.next_state[rows, :vocabulary_size] = text.next_state + number * states
        table.allowed[source, self.separator] = text.allowed[:, EOS]
        table.next_state[source, self.separator] = states + text.start
        table.allowed[source, EOS] = False
        classes = np.concatenate([text.state_class, text.class_count + text.state_class])
        return Grammar(table.allowed, table.next_state, text.start, classes)

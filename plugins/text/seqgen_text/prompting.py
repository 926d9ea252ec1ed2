"""Prompts of text: the beginning that is continued, and streaming output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from seqgen import Domain, Grammar, Prompt, Prompting, TooManyStates
from seqgen_text.chunking import normalised
from seqgen_text.constraints import TextConstraints
from seqgen_text.lifting import MOST_CELLS
from seqgen_text.tokenization import Tokenizer


class TextPrompting(Prompting[str]):
    """A prompt is the beginning of a text. Constraints hold for what follows it."""

    def __init__(self, domain: Domain[str], tokenizer: Tokenizer) -> None:
        super().__init__(domain)
        self.tokenizer = tokenizer

    def prompt(self, item: str | None = None, constraints: TextConstraints | None = None) -> Prompt:
        """Returns the beginning `item`. Raises ImpossibleConstraints."""
        if item is None or constraints is None or constraints.is_empty:
            return super().prompt(item, constraints)
        ids = super().prompt(item).ids
        return Prompt(ids, after(ids, self.domain.grammar(constraints)))

    def from_text(self, text: str) -> str:
        return normalised(text, self.domain.settings.normalisation)

    def stream_text(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        """Yields the text of each chunk. A character is yielded once all of its bytes have come."""
        return self.tokenizer.decode(chunks)


def after(ids: np.ndarray, grammar: Grammar) -> Grammar:
    """The grammar of documents that begin with exactly `ids` (BOS first) and go on with what `grammar` says.

    Raises ImpossibleConstraints when the tables would be too large.
    """
    given = len(ids) - 1
    if (given + grammar.state_count) * grammar.vocabulary_size > MOST_CELLS:
        raise TooManyStates(f"A prompt of {given} tokens is too long for constraints; give a shorter one.")
    allowed = np.zeros((given + grammar.state_count, grammar.vocabulary_size), bool)
    next_state = np.zeros(allowed.shape, np.int32)
    steps = np.arange(given)
    allowed[steps, ids[1:]] = True
    next_state[steps, ids[1:]] = np.where(steps + 1 < given, steps + 1, given + grammar.start)
    allowed[given:] = grammar.allowed
    next_state[given:] = given + grammar.next_state
    start = 0 if given else grammar.start
    return Grammar(allowed, next_state, start, np.zeros(len(allowed), np.int32))

"""Prompts of text: the beginning that is continued, and streaming output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from seqgen import Domain, Grammar, Prompt, Prompting, TooManyStates
from seqgen.grammar import prepend
from seqgen_text.chunking import normalised
from seqgen_text.constraints import TextConstraints
from seqgen_text.token_grammar import MAX_CELLS
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
        return Prompt(ids, continuation(ids, self.domain.grammar(constraints)))

    def from_text(self, text: str) -> str:
        return normalised(text, self.domain.settings.normalisation)

    def stream_text(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        """Yields the text of each chunk. A character is yielded once all of its bytes have come."""
        return self.tokenizer.decode(chunks)


def continuation(ids: np.ndarray, grammar: Grammar) -> Grammar:
    """Returns the grammar of documents that begin with `ids` int32[n], from BOS on, and continue as `grammar` says.

    Raises TooManyStates if the tables would be too large.
    """
    try:
        return prepend(ids[1:].tolist(), grammar, max_states=MAX_CELLS // grammar.vocabulary_size)
    except TooManyStates as error:
        raise TooManyStates(
            f"A prompt of {len(ids) - 1} tokens is too long for constraints; give a shorter one."
        ) from error

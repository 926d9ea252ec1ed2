"""Automata over bytes become automata over the tokens of a model, if their tables are not too large."""

from __future__ import annotations

from collections.abc import Sequence

from seqgen import Grammar, TooManyStates
from seqgen.grammar import lift
from seqgen_text.utf8 import byte_ids

MAX_CELLS = 100_000_000
"""States × tokens. A grammar takes 5 bytes a cell, here and once more in the engine."""


def token_grammar(grammar: Grammar, strings: Sequence[bytes]) -> Grammar:
    """Returns the grammar of the token sequences whose bytes `grammar` accepts. Token 2 + n stands for strings[n].

    Raises EmptyLanguage if there are none, and TooManyStates if the tables would be too large.
    """
    if grammar.state_count * len(strings) > MAX_CELLS:
        raise TooManyStates(
            f"The constraints need {grammar.state_count} states for each of {len(strings)} tokens, which is too much; "
            "ask for something shorter or simpler, such as [0-9] for \\d."
        )
    return lift(grammar, [byte_ids(string) for string in strings])

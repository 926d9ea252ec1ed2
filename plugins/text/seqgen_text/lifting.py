"""Grammars over bytes → grammars over the tokens of a unit, as far as their tables can be held."""

from __future__ import annotations

from collections.abc import Sequence

from seqgen import Grammar, TooManyStates
from seqgen.grammar import lift as lift_symbols
from seqgen_text.utf8 import byte_ids

MOST_CELLS = 100_000_000
"""States × tokens: the two tables of a grammar take 5 bytes a cell, once here and once in the engine."""


def lift(grammar: Grammar, strings: Sequence[bytes]) -> Grammar:
    """The grammar of the sequences of tokens whose strings, end to end, `grammar` accepts.

    Token 2 + n stands for strings[n]. Raises EmptyLanguage when there are none, TooManyStates when the tables would be
    too large.
    """
    if grammar.state_count * len(strings) > MOST_CELLS:
        raise TooManyStates(
            f"What was asked for needs {grammar.state_count} states for each of {len(strings)} tokens, which is more "
            "than can be held; ask for something shorter or simpler, such as [0-9] for \\d."
        )
    return lift_symbols(grammar, [byte_ids(string) for string in strings])

"""The check of a grammar that comes from a plugin, before anything is trained or sampled with it."""

from __future__ import annotations

import numpy as np

from seqgen.errors import EmptyLanguage, PluginError
from seqgen.grammar.automaton import Grammar
from seqgen.grammar.reachability import trim


def checked(grammar: Grammar, vocabulary_size: int, owner: str) -> Grammar:
    """Returns the grammar without dead ends. It accepts the same language. Error messages name `owner`.

    Raises PluginError for another vocabulary, a state that does not exist, a class below 0, or no documents at all.
    """
    wrong = _fault(grammar, vocabulary_size)
    if wrong is None:
        try:
            return trim(grammar)
        except EmptyLanguage:
            wrong = "accepts no document: no way leads from its start to an end"
    raise PluginError(f"The grammar of {owner} {wrong}; tell the plugin's author.")


def _fault(grammar: Grammar, vocabulary_size: int) -> str | None:
    """Returns what is wrong with the tables of a grammar, or None."""
    states = grammar.state_count
    if grammar.vocabulary_size != vocabulary_size:
        return f"has {grammar.vocabulary_size} tokens, but the domain's vocabulary has {vocabulary_size}"
    if not 0 <= grammar.start < states:
        return f"starts in state {grammar.start}, and it has {states} states"
    if grammar.state_class.min() < 0:
        return f"has the state class {grammar.state_class.min()}, and classes are numbered from 0"
    outside = grammar.allowed & ((grammar.next_state < 0) | (grammar.next_state >= states))
    if outside.any():
        state, token = np.argwhere(outside)[0].tolist()
        target = grammar.next_state[state, token]
        return f"leads from state {state} by token {token} to state {target}, and it has {states} states"
    if grammar.budget is not None and grammar.budget.cost.shape != (vocabulary_size,):
        return f"has a budget for {len(grammar.budget.cost)} tokens, and its vocabulary has {vocabulary_size}"
    return None

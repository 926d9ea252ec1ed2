"""Counting: documents with so many tokens of a kind, as a whole or in every segment, or of a bounded cost.

A small count is kept in the states: a copy of the automaton for each number. A large cost is kept beside the states,
in a budget.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.errors import TooManyStates, UnreachableBudget
from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.budget import Budget
from seqgen.grammar.reachability import co_reachable, compact, reachable, trim
from seqgen.grammar.special_tokens import EOS


def count(
    grammar: Grammar,
    tokens: np.ndarray,
    minimum: int = 0,
    maximum: int | None = None,
    *,
    max_states: int = MAX_STATES,
) -> Grammar:
    """L(count(G, T, m, n)) = {d ∈ L(G) : m ≤ number of tokens of d in T ≤ n}, for T given as bool[V].

    Without `maximum` there is no upper bound. Raises EmptyLanguage and TooManyStates.
    """
    document_ends = np.broadcast_to(np.arange(grammar.vocabulary_size) == EOS, grammar.allowed.shape)
    return count_in_segments(grammar, tokens, document_ends, minimum, maximum, max_states=max_states)


def count_in_segments(
    grammar: Grammar,
    tokens: np.ndarray,
    segment_ends: np.ndarray,
    minimum: int | np.ndarray = 0,
    maximum: int | None = None,
    *,
    max_states: int = MAX_STATES,
) -> Grammar:
    """Returns the documents of a grammar that have `minimum` to `maximum` of the tokens bool[V] in every segment.

    segment_ends: bool[S, V]; the tokens, by state, that end a segment. They belong to the segment that they end.
    minimum:      for every segment, or int[S] by the state from which the segment ends. A segment that the document
                  ends without such a token has no minimum.

    The result has a copy of the automaton for every count. Raises EmptyLanguage and TooManyStates.
    """
    states, vocabulary = grammar.allowed.shape
    minimum = np.broadcast_to(minimum, states)
    # A count above all bounds is the same as one that reaches them.
    top = int(minimum.max()) if maximum is None else maximum
    if states * (top + 1) > max_states:
        raise TooManyStates(
            f"Counting to {top} needs {states * (top + 1)} states, and {max_states} are the most; ask for less."
        )
    # Axes: the count before, the state, the token.
    after = (np.arange(top + 1)[:, None] + tokens)[:, None]
    allowed = grammar.allowed & (~segment_ends | (after >= minimum[:, None]))
    if maximum is not None:
        allowed &= after <= maximum
    next_state = grammar.next_state + states * np.where(segment_ends, 0, np.minimum(after, top))
    shape = (states * (top + 1), vocabulary)
    classes = np.tile(grammar.state_class, top + 1)
    counted = compact(trim(Grammar(allowed.reshape(shape), next_state.reshape(shape), grammar.start, classes)))
    return with_budget(counted, grammar.budget) if grammar.budget else counted


def with_budget(grammar: Grammar, budget: Budget) -> Grammar:
    """L(with_budget(G, B)) = {d ∈ L(G) : minimum ≤ Σ cost of d ≤ maximum}, for a grammar G without a budget.

    The result has no dead ends. That is guaranteed by a sufficient condition on every state before the end token: it
    leads through tokens of cost 0 both to the end token and to a token that costs at most slack + 1. Raises
    UnreachableBudget where a state does not.
    """
    if grammar.budget is not None:
        raise ValueError("a grammar has one budget")
    moving = grammar.allowed & (np.arange(grammar.vocabulary_size) != budget.end_token)
    before_end = reachable(moving, grammar.next_state, grammar.start)
    spending = moving & (budget.cost > 0)
    for goals in (grammar.allowed[:, budget.end_token], (spending & (budget.cost <= budget.slack + 1)).any(axis=1)):
        if not co_reachable(goals, moving & ~spending, grammar.next_state)[before_end].all():
            raise UnreachableBudget("No sequence can be made so long step by step; leave the length out.")
    return replace(grammar, budget=budget)

"""Which states can be reached, and from which states a document can be completed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.errors import EmptyLanguage
from seqgen.grammar.automaton import Grammar
from seqgen.grammar.special_tokens import EOS


def reachable(allowed: np.ndarray, next_state: np.ndarray, start: int) -> np.ndarray:
    """Whether each state can be reached from `start`: bool[S], for tables [S, T] over any T tokens."""
    reached = np.zeros(len(allowed), bool)
    frontier = np.array([start])
    while frontier.size:
        reached[frontier] = True
        targets = np.unique(next_state[frontier][allowed[frontier]])
        frontier = targets[~reached[targets]]
    return reached


def co_reachable(goals: np.ndarray, allowed: np.ndarray, next_state: np.ndarray) -> np.ndarray:
    """Whether one of `goals` bool[S] can be reached from each state, in no or more steps: bool[S]."""
    origins, tokens = np.nonzero(allowed)
    targets = next_state[origins, tokens]
    reaches = goals.copy()
    order = np.argsort(targets, kind="stable")
    origins_by_target = origins[order]
    first = np.searchsorted(targets[order], np.arange(len(allowed) + 1))
    queue = np.flatnonzero(reaches).tolist()
    while queue:
        state = queue.pop()
        for origin in origins_by_target[first[state] : first[state + 1]].tolist():
            if not reaches[origin]:
                reaches[origin] = True
                queue.append(origin)
    return reaches


def trim(grammar: Grammar) -> Grammar:
    """The same language without dead ends: L(trim(G)) = L(G), and every beginning can be completed to a document.

    Forbids each step into a state from which EOS cannot be reached. States keep their numbers. Raises EmptyLanguage.
    """
    completes = co_reachable(grammar.allowed[:, EOS], grammar.allowed, grammar.next_state)
    if not completes[grammar.start]:
        raise EmptyLanguage("No sequence satisfies everything that was asked for; ask for less at once.")
    ends = np.arange(grammar.vocabulary_size) == EOS
    return replace(grammar, allowed=grammar.allowed & (completes[grammar.next_state] | ends))


def compact(grammar: Grammar) -> Grammar:
    """The same grammar without the states that cannot be reached from the start. The others keep their order."""
    moving = grammar.allowed.copy()
    # A document is over after EOS, so the state after it does not matter.
    moving[:, EOS] = False
    reached = reachable(moving, grammar.next_state, grammar.start)
    if reached.all():
        return grammar
    number = np.where(reached, np.cumsum(reached) - 1, 0).astype(np.int32)
    return Grammar(
        grammar.allowed[reached],
        number[grammar.next_state[reached]],
        int(number[grammar.start]),
        grammar.state_class[reached],
        grammar.budget,
    )

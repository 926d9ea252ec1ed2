"""Which states can be reached, and from which states a document can be completed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.errors import EmptyLanguage
from seqgen.grammar.automaton import Grammar
from seqgen.grammar.special_tokens import EOS


def reachable(allowed: np.ndarray, next_state: np.ndarray, start: int) -> np.ndarray:
    """Whether each state can be reached from `start`: bool[S], for tables [S, T] over any T tokens."""
    origins, targets = _edges(allowed, next_state)
    return _visited(np.arange(len(allowed)) == start, origins, targets)


def co_reachable(goals: np.ndarray, allowed: np.ndarray, next_state: np.ndarray) -> np.ndarray:
    """Whether one of `goals` bool[S] can be reached from each state, in no or more steps: bool[S]."""
    origins, targets = _edges(allowed, next_state)
    order = np.argsort(targets, kind="stable")
    return _visited(goals, targets[order], origins[order])


def _edges(allowed: np.ndarray, next_state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the states that each edge of the tables leads from and to: int[E] each, sorted by the first.

    Neighbouring tokens that lead to the same state are one edge: in most grammars that leaves few.
    """
    chosen = allowed.copy()
    chosen[:, 1:] &= ~(allowed[:, :-1] & (next_state[:, 1:] == next_state[:, :-1]))
    origins, tokens = np.nonzero(chosen)
    return origins, next_state[origins, tokens]


def _visited(seeds: np.ndarray, origins: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Returns which states a search from `seeds` bool[S] reaches by edges that are sorted by origin: bool[S]."""
    first = np.searchsorted(origins, np.arange(len(seeds) + 1)).tolist()
    edges, visited, queue = targets.tolist(), seeds.tolist(), np.flatnonzero(seeds).tolist()
    while queue:
        state = queue.pop()
        for target in edges[first[state] : first[state + 1]]:
            if not visited[target]:
                visited[target] = True
                queue.append(target)
    return np.array(visited)


def trim(grammar: Grammar) -> Grammar:
    """Returns a grammar of the same language without dead ends: L(trim(G)) = L(G).

    Every beginning can be completed to a document.

    Forbids each step into a state from which EOS cannot be reached. States keep their numbers. Raises EmptyLanguage.
    """
    completes = co_reachable(grammar.allowed[:, EOS], grammar.allowed, grammar.next_state)
    if not completes[grammar.start]:
        raise EmptyLanguage("No sequence satisfies everything that was asked for; ask for less at once.")
    if completes.all():
        return grammar
    ends = np.arange(grammar.vocabulary_size) == EOS
    return replace(grammar, allowed=grammar.allowed & (completes[grammar.next_state] | ends))


def compact(grammar: Grammar) -> Grammar:
    """Returns the same grammar without the states that cannot be reached from the start.

    The others keep their order.
    """
    moving = grammar.allowed.copy()
    # A document is over after EOS, so the state after it does not matter.
    moving[:, EOS] = False
    reached = np.flatnonzero(reachable(moving, grammar.next_state, grammar.start))
    if len(reached) == grammar.state_count:
        return grammar
    number = np.zeros(grammar.state_count, np.int32)
    number[reached] = np.arange(len(reached))
    # One run of rows is a view, which is not copied.
    run = len(reached) == reached[-1] - reached[0] + 1
    rows = slice(reached[0], reached[-1] + 1) if run else reached
    return Grammar(
        grammar.allowed[rows],
        number[grammar.next_state[rows]],
        int(number[grammar.start]),
        grammar.state_class[rows],
        grammar.budget,
    )

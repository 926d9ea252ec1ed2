"""Token automata drawn as tables: whole blocks of states at once, then narrowed to what is asked for."""

from __future__ import annotations

import numpy as np

from seqgen import EOS, Grammar, ImpossibleConstraints
from seqgen.grammar import reachable, trim

MOST_STATES = 60_000
"""Of a narrowed automaton: past this its tables take gigabytes."""


class Rules:
    """The tables of an automaton that is being written down: `allow` is one rule for many states."""

    def __init__(self, states: int, vocabulary: int) -> None:
        self.allowed = np.zeros((states, vocabulary), bool)
        self.following = np.zeros((states, vocabulary), np.int32)

    def allow(
        self,
        states: np.ndarray | int,
        tokens: np.ndarray | int,
        targets: np.ndarray | int,
        where: np.ndarray | bool = True,
    ) -> None:
        """In each of `states` [S] each of `tokens` [T] leads to `targets`, for the pairs of `where`; both as [S, T]."""
        cells = np.ix_(np.atleast_1d(states), np.atleast_1d(tokens))
        shape = self.allowed[cells].shape
        here = np.broadcast_to(where, shape)
        self.allowed[cells] |= here
        self.following[cells] = np.where(here, np.broadcast_to(targets, shape), self.following[cells])

    def repeat(self, states: np.ndarray, others: np.ndarray) -> None:
        """Each of `others` [S] allows what the state beside it in `states` [S] allows so far."""
        self.allowed[others], self.following[others] = self.allowed[states], self.following[states]

    def grammar(self, observed: np.ndarray) -> Grammar:
        """The automaton, from state 0."""
        return Grammar(self.allowed, self.following, 0, observed)


def without(grammar: Grammar, forbidden: np.ndarray) -> Grammar:
    """The automaton without the tokens of bool[vocabulary], and without the states that are out of reach then.

    Raises ImpossibleConstraints when nothing is left.
    """
    left = trim(Grammar(grammar.allowed & ~forbidden, grammar.next_state, grammar.start, grammar.observed))
    reached = reachable(left.allowed, left.next_state, left.start)
    number = np.cumsum(reached) - 1
    following = number[left.next_state[reached]]
    return Grammar(left.allowed[reached], following, int(number[left.start]), left.observed[reached])


def exactly(grammar: Grammar, counted: np.ndarray, times: int) -> Grammar:
    """The documents with exactly so many of the tokens `counted` [k]: a copy of the automaton for each of them.

    Raises ImpossibleConstraints when there are none, or for more than MOST_STATES.
    """
    states, copies = grammar.states, times + 1
    if states * copies > MOST_STATES:
        raise ImpossibleConstraints(
            f"{times} bars need an automaton of {states * copies} states, and {MOST_STATES} are the most; ask for "
            "fewer bars or for one time signature."
        )
    allowed = np.tile(grammar.allowed, (copies, 1))
    following = np.concatenate([grammar.next_state + copy * states for copy in range(copies)])
    following[:, counted] += states
    allowed[:-states, EOS] = False
    allowed[-states:, counted] = False
    following[~allowed] = 0
    return trim(Grammar(allowed, following, grammar.start, np.tile(grammar.observed, copies)))

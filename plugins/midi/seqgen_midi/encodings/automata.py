"""Token automata drawn as tables: whole blocks of states at once, then narrowed to what is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen import EOS, Grammar, ImpossibleConstraints
from seqgen.grammar import reachable, trim

MOST_STATES = 60_000
"""Of a narrowed automaton: past this its tables take gigabytes."""
MOST_COUNTED = 30_000_000
"""States times tokens of an automaton that counts the notes of a bar: 150 MB of tables."""


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
    left = trim(Grammar(grammar.allowed & ~forbidden, grammar.next_state, grammar.start, grammar.state_class))
    reached = reachable(left.allowed, left.next_state, left.start)
    number = np.cumsum(reached) - 1
    following = number[left.next_state[reached]]
    return Grammar(left.allowed[reached], following, int(number[left.start]), left.state_class[reached])


def exactly(grammar: Grammar, counted: np.ndarray, times: int) -> Grammar:
    """The documents with exactly so many of the tokens `counted` [k]: a copy of the automaton for each of them.

    Raises ImpossibleConstraints when there are none, or for more than MOST_STATES.
    """
    states, copies = grammar.state_count, times + 1
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
    return trim(Grammar(allowed, following, grammar.start, np.tile(grammar.state_class, copies)))


def counted(grammar: Grammar, notes: np.ndarray, ends: np.ndarray, least: np.ndarray | int, most: int) -> Grammar:
    """The documents that have `least` to `most` of the tokens `notes` bool[vocabulary] in every bar.

    ends:  bool[states, vocabulary]; the tokens that end a bar, which they still belong to: the count begins anew.
    least: for every bar, or by state in which it ends: int[states, 1].

    A bar that no such token ends has no fewest. A copy of the automaton for each count; raises
    ImpossibleConstraints when nothing is left, or for more than MOST_COUNTED cells of its tables.
    """
    states, vocabulary = grammar.allowed.shape
    copies = most + 1
    if states * copies * vocabulary > MOST_COUNTED:
        raise ImpossibleConstraints(
            f"Counting up to {most} notes in every bar needs an automaton of {states * copies} states, which is too "
            "large; ask for fewer bars, for fewer notes or for one time signature."
        )
    after = np.arange(copies)[:, None] + notes
    legal = grammar.allowed & (after[:, None] <= most) & (~ends | (after[:, None] >= least))
    following = grammar.next_state + states * np.where(ends, 0, np.minimum(after, most)[:, None])
    shape = (states * copies, vocabulary)
    observed = np.tile(grammar.state_class, copies)
    product = Grammar(legal.reshape(shape), following.reshape(shape), grammar.start, observed)
    return without(product, np.zeros(vocabulary, bool))


Slot = tuple[np.ndarray, str]
"""Tokens bool[vocabulary], and how many of them stand there: "one", "maybe" one, or "any" number. It "opens" the next
slot where one stands there, or none in both."""


def one(token: int, vocabulary: int) -> Slot:
    """The slot of a token that is given."""
    return np.arange(vocabulary) == token, "one"


def pattern(slots: Sequence[Slot], vocabulary: int) -> Grammar:
    """The automaton of documents that are these slots, one after the other, and then EOS.

    A token that could belong to a slot or to a later one belongs to the first of them.
    """
    allowed = np.zeros((len(slots) + 1, vocabulary), bool)
    following = np.zeros((len(slots) + 1, vocabulary), np.int32)
    allowed[-1, EOS] = True
    for number in reversed(range(len(slots))):
        tokens, times = slots[number]
        if times != "one":
            after = number + (2 if times == "opens" else 1)
            allowed[number], following[number] = allowed[after], following[after]
        allowed[number, tokens] = True
        following[number, tokens] = number if times == "any" else number + 1
    return Grammar(allowed, following, 0)

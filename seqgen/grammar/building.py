"""Grammars from nothing: from a function, from a table, and the smallest ones, which the algebra puts together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np

from seqgen.errors import TooManyStates
from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.special_tokens import EOS

State = TypeVar("State", bound=Hashable)


def build_grammar(
    vocabulary_size: int,
    start: State,
    moves: Callable[[State], Iterable[tuple[int, State]]],
    state_class: Callable[[State], Hashable] | None = None,
    max_states: int = MAX_STATES,
) -> Grammar:
    """Returns the grammar of a function: `moves(state)` yields (token, next state) for every token allowed in `state`.

    A state is any hashable value. States are explored and numbered breadth first from `start`. `state_class(state)` is
    what a model is told about a state (default: the state itself); equal values share a class. Raises TooManyStates.
    """
    number: dict[State, int] = {start: 0}
    queue, rows = [start], []
    for state in queue:
        row: list[tuple[int, int]] = []
        for token, following in moves(state):
            if following not in number:
                number[following] = len(queue)
                queue.append(following)
            row.append((token, number[following]))
        rows.append(row)
        if len(queue) > max_states:
            raise TooManyStates(f"The grammar has more than {max_states} states; ask for something shorter.")
    table = TransitionTable(len(queue), vocabulary_size)
    for origin, row in enumerate(rows):
        for token, target in row:
            table.allowed[origin, token], table.next_state[origin, token] = True, target
    classes: dict[Hashable, int] = {}
    keys = [state_class(state) if state_class else state for state in queue]
    return table.grammar(np.array([classes.setdefault(key, len(classes)) for key in keys], np.int32))


class TransitionTable:
    """The tables of an automaton that is being written down, a rule for many states at a time. State 0 is the start."""

    def __init__(self, state_count: int, vocabulary_size: int) -> None:
        self.allowed = np.zeros((state_count, vocabulary_size), bool)
        self.next_state = np.zeros((state_count, vocabulary_size), np.int32)

    def allow(
        self,
        states: np.ndarray | int,
        tokens: np.ndarray | int,
        targets: np.ndarray | int,
        where: np.ndarray | bool = True,
    ) -> None:
        """Lets each of `tokens` int[T] lead from each of `states` int[S] to `targets`, for pairs in `where`.

        `targets` int and `where` bool have a shape that broadcasts to [S, T].
        """
        cells = np.ix_(np.atleast_1d(states), np.atleast_1d(tokens))
        shape = self.allowed[cells].shape
        chosen = np.broadcast_to(where, shape)
        self.allowed[cells] |= chosen
        self.next_state[cells] = np.where(chosen, np.broadcast_to(targets, shape), self.next_state[cells])

    def copy(self, states: np.ndarray, others: np.ndarray) -> None:
        """Copies to each of `others` int[S] the transitions of the state beside it in `states` int[S]."""
        self.allowed[others], self.next_state[others] = self.allowed[states], self.next_state[states]

    def grammar(self, state_class: np.ndarray) -> Grammar:
        """Returns the grammar of the table."""
        return Grammar(self.allowed, self.next_state, 0, state_class)


def unconstrained(vocabulary_size: int) -> Grammar:
    """L = all documents: any token may follow any other."""
    return Grammar(np.ones((1, vocabulary_size), bool), np.zeros((1, vocabulary_size), np.int32), 0)


def one_of(tokens: np.ndarray, state_class: int = 0) -> Grammar:
    """L = {t : t ∈ T}, for T given as bool[V]: one token of a set."""
    ends = np.arange(len(tokens)) == EOS
    allowed = np.stack([tokens & ~ends, ends])
    return Grammar(allowed, np.ones(allowed.shape, np.int32), 0, np.full(2, state_class))


def sequences(options: Iterable[Sequence[int]], vocabulary_size: int, state_class: int = 0) -> Grammar:
    """L = {s : s ∈ options}: a finite language, as a tree of the beginnings of its sequences."""
    children: list[dict[int, int]] = [{}]
    ends = []
    for option in options:
        node = 0
        for token in option:
            if token not in children[node]:
                children[node][token] = len(children)
                children.append({})
            node = children[node][token]
        ends.append(node)
    table = TransitionTable(len(children), vocabulary_size)
    for node, following in enumerate(children):
        table.allowed[node, list(following)] = True
        table.next_state[node, list(following)] = list(following.values())
    table.allowed[ends, EOS] = True
    return table.grammar(np.full(len(children), state_class))


def avoid(forbidden: Sequence[Sequence[int]], vocabulary_size: int) -> Grammar:
    """L = {d : no sequence in `forbidden` stands anywhere in d}, each of at least one token; all states of class 0.

    The automaton of Aho & Corasick (1975), *Efficient string matching*, without its matches: a state is the
    longest suffix of the tokens read so far that is a prefix of a forbidden sequence.
    """
    tree = sequences(forbidden, vocabulary_size)
    matched = tree.allowed[:, EOS].copy()
    next_state = np.where(tree.allowed, tree.next_state, 0)
    # The failure function: the state of the longest proper suffix that is a prefix too.
    # It decides tokens without a child.
    failure = np.zeros(tree.state_count, np.int32)
    queue = [0]
    for state in queue:
        children = np.flatnonzero(tree.allowed[state] & (np.arange(vocabulary_size) != EOS))
        if state:
            matched[state] |= matched[failure[state]]
            row = next_state[failure[state]].copy()
            failure[next_state[state, children]] = row[children]
            row[children] = next_state[state, children]
            next_state[state] = row
        queue += next_state[state, children].tolist()
    allowed = ~matched[next_state]
    allowed[:, EOS] = True
    return Grammar(allowed, next_state, 0, np.zeros(tree.state_count, np.int32))

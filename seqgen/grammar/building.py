"""Grammars from nothing: of a function that gives the moves of a state, and the grammar of all documents."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import numpy as np

from seqgen.errors import TooManyStates
from seqgen.grammar.automaton import MAX_STATES, Grammar

State = TypeVar("State", bound=Hashable)


def unconstrained(vocabulary_size: int) -> Grammar:
    """L = all documents: any token may follow any other."""
    return Grammar(np.ones((1, vocabulary_size), bool), np.zeros((1, vocabulary_size), np.int32), 0)


def build_grammar(
    vocabulary_size: int,
    start: State,
    moves: Callable[[State], Iterable[tuple[int, State]]],
    state_class: Callable[[State], Hashable] | None = None,
    max_states: int = MAX_STATES,
) -> Grammar:
    """The grammar of a function: `moves(state)` yields (token, next state) for every token allowed in `state`.

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
    allowed = np.zeros((len(queue), vocabulary_size), bool)
    next_state = np.zeros((len(queue), vocabulary_size), np.int32)
    for origin, row in enumerate(rows):
        for token, target in row:
            allowed[origin, token], next_state[origin, token] = True, target
    classes: dict[Hashable, int] = {}
    told = [state_class(state) if state_class else state for state in queue]
    return Grammar(
        allowed, next_state, 0, np.array([classes.setdefault(what, len(classes)) for what in told], np.int32)
    )

"""Whether a grammar still tells a model what the model was trained with.

Trained weights depend on a grammar by its state classes alone: each class has a row of weights, which has learned what
the class means. They do not depend on how many states there are, how states are numbered, or which documents are
allowed. So a trained model keeps no fingerprint of the tables. It keeps examples: for each class, the shortest
beginning of a document that leads to it. The grammar of another version fits if it allows the same beginnings, and
gives every state on the way the same class. A change that keeps the classes of all old documents therefore always fits,
and a new numbering of classes never does. A class that has changed in some of its states only is not noticed.

(Sequences that tell automata apart: Chow 1978, *Testing software design modeled by finite-state machines*. The examples
are his state cover, with classes in place of states.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seqgen.grammar.automaton import Grammar
from seqgen.grammar.reachability import co_reachable
from seqgen.grammar.special_tokens import BOS, EOS


def class_examples(grammar: Grammar) -> list[list[int]]:
    """Returns the shortest beginning of a document that leads to each state class, as a tree of rows.

    A row is [the number of the row before it, its token, the class after the token]; the first row is [0, BOS, class].
    The beginning of a document that a row stands for is the tokens on the way to it. Of beginnings of one length, the
    one with the lower tokens counts, so that equal languages with equal classes have equal examples. Classes that no
    document comes to have none.
    """
    moving = (
        grammar.allowed & co_reachable(grammar.allowed[:, EOS], grammar.allowed, grammar.next_state)[grammar.next_state]
    )
    moving[:, EOS] = False
    # A search breadth first; came_from holds for each state the place in `order` it was found from, and the token.
    order, came_from = [grammar.start], [(0, BOS)]
    found, first_places = {grammar.start}, dict[int, int]()
    for place, state in enumerate(order):
        first_places.setdefault(int(grammar.state_class[state]), place)
        for token in np.flatnonzero(moving[state]).tolist():
            target = int(grammar.next_state[state, token])
            if target not in found:
                found.add(target)
                order.append(target)
                came_from.append((place, token))
    needed = set[int]()
    for place in first_places.values():
        while place not in needed:
            needed.add(place)
            place = came_from[place][0]
    places = sorted(needed)
    row_of = {place: row for row, place in enumerate(places)}
    return [
        [row_of[came_from[place][0]], came_from[place][1], int(grammar.state_class[order[place]])] for place in places
    ]


def keeps_classes(grammar: Grammar, examples: Sequence[Sequence[int]]) -> bool:
    """Whether a grammar allows the beginnings in `examples`, and gives their states the same classes.

    False for rows that are no examples.
    """
    states: list[int] = []
    for number, row in enumerate(examples):
        if len(row) != 3 or not all(isinstance(value, int) for value in row):
            return False
        before, token, state_class = row
        if number == 0:
            state = grammar.start
        elif 0 <= before < number and BOS < token < grammar.vocabulary_size and grammar.allowed[states[before], token]:
            state = int(grammar.next_state[states[before], token])
        else:
            return False
        if grammar.state_class[state] != state_class:
            return False
        states.append(state)
    return bool(states)

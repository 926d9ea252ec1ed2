"""The intersection of two languages: the product of their automata (Hopcroft, Motwani & Ullman, section 4.2)."""

from __future__ import annotations

import numpy as np

from seqgen.errors import TooManyStates
from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.counting import with_budget
from seqgen.grammar.reachability import compact, trim
from seqgen.grammar.special_tokens import EOS

BLOCK_SIZE = 4096
"""The number of states of a product that are worked out at once."""


def intersect(domain: Grammar, constraint: Grammar, max_states: int = MAX_STATES) -> Grammar:
    """L(intersect(A, B)) = L(A) ∩ L(B), trimmed. The state classes are those of `domain`.

    Raises EmptyLanguage and TooManyStates, and UnreachableBudget where one of them has a budget that the other one
    leaves no way to keep.
    """
    width = constraint.state_count
    frontier = [domain.start * width + constraint.start]
    number = {frontier[0]: 0}
    while frontier:
        reached: list[int] = []
        for block in np.array_split(np.array(frontier, np.int64), -(-len(frontier) // BLOCK_SIZE)):
            both, pairs = _product_rows(domain, constraint, block)
            # In the order in which they are met: states are numbered as a walk of the product finds them.
            found, first = np.unique(pairs[both], return_index=True)
            reached += found[np.argsort(first)].tolist()
        frontier = []
        for pair in reached:
            if pair not in number:
                number[pair] = len(number)
                frontier.append(pair)
        if len(number) > max_states:
            raise TooManyStates(f"The constraints need more than {max_states} states; ask for less at once.")
    states = np.fromiter(number, np.int64, len(number))
    order = np.argsort(states)
    allowed = np.empty((len(states), domain.vocabulary_size), bool)
    targets = np.empty(allowed.shape, np.int32)
    for start in range(0, len(states), BLOCK_SIZE):
        rows = slice(start, start + BLOCK_SIZE)
        allowed[rows], pairs = _product_rows(domain, constraint, states[rows])
        targets[rows] = order[np.searchsorted(states[order], np.where(allowed[rows], pairs, states[0]))]
    product = compact(trim(Grammar(allowed, targets, 0, domain.state_class[states // width])))
    for budget in (domain.budget, constraint.budget):
        product = with_budget(product, budget) if budget else product
    return product


def _product_rows(domain: Grammar, constraint: Grammar, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows of pairs int64[n]: allowed [n, V], next pair [n, V].

    A pair is state · constraint.state_count + state.
    """
    ours, theirs = np.divmod(pairs, constraint.state_count)
    following = domain.next_state[ours].astype(np.int64) * constraint.state_count + constraint.next_state[theirs]
    # A document is over after EOS, so the state after it does not matter.
    following[:, EOS] = domain.start * constraint.state_count + constraint.start
    return domain.allowed[ours] & constraint.allowed[theirs], following

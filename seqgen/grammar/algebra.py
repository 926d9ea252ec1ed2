"""Operations on grammars, each with the language of its result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.errors import TooManyStates, UnreachableBudget
from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.budget import Budget
from seqgen.grammar.reachability import co_reachable, reachable, trim

BLOCK_SIZE = 4096
"""The number of states of a product that are worked out at once."""


def intersect(domain: Grammar, constraint: Grammar, max_states: int = MAX_STATES) -> Grammar:
    """L(intersect(A, B)) = L(A) ∩ L(B), trimmed; the state classes are those of `domain`.

    The product of two automata (Hopcroft & Ullman, section 3.2). Raises EmptyLanguage and TooManyStates.
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
    product = trim(Grammar(allowed, targets, 0, domain.state_class[states // width]))
    for budget in (domain.budget, constraint.budget):
        product = with_budget(product, budget) if budget else product
    return product


def _product_rows(domain: Grammar, constraint: Grammar, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of pairs int64[n], each state · constraint.state_count + state: allowed [n, V], next pair [n, V]."""
    ours, theirs = np.divmod(pairs, constraint.state_count)
    following = domain.next_state[ours].astype(np.int64) * constraint.state_count + constraint.next_state[theirs]
    return domain.allowed[ours] & constraint.allowed[theirs], following


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

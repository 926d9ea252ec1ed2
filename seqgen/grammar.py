"""Token automata: which token may follow which.

A grammar is a finite automaton over token ids. It reads one document after its BOS: `start` is the state that BOS
leads to, from wherever it is read, so a packed stream of many documents needs no special case. The same table masks
illegal tokens in training, in scoring and in sampling, and a user's constraints are automata too: the product of two
automata (Hopcroft & Ullman, *Introduction to Automata Theory*, section 4.2) accepts what both accept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from seqgen.errors import ImpossibleConstraints

State = TypeVar("State", bound=Hashable)
BOS, EOS = 0, 1
MOST_STATES = 200_000
BLOCK = 4096
"""How many states of a product are worked out at once."""


@dataclass(frozen=True, eq=False)
class Budget:
    """What a document spends, where an automaton would need a copy of all its states for every amount.

    cost:    int32[vocabulary]; what each token spends, 0 or more.
    total:   the most that a document spends.
    spare:   how much of that it may leave over.
    closing: the token that comes only once no more than that is left over.
    """

    cost: np.ndarray
    total: int
    spare: int = 0
    closing: int = EOS

    def allowed(self, left: int) -> np.ndarray:
        """bool[vocabulary]: the tokens that may come where so much is left."""
        allowed = self.cost <= left
        allowed[self.closing] &= left <= self.spare
        return allowed


@dataclass(frozen=True, eq=False)
class Grammar:
    """A deterministic token automaton.

    allowed:    bool[states, vocabulary]; whether a token may come next. BOS never may: it begins a document.
    next_state: int32[states, vocabulary]; meaningful where `allowed`, and `start` in the column of BOS.
    start:      the state after BOS.
    observed:   int32[states]; what a model is told about each state, as a class number. States that differ only in
                what the model can see for itself share a class. A constraint keeps the classes of the domain's own
                grammar, because those are what the model was trained with.
    budget:     what else a document keeps to, in a constrained grammar; see `limited`.
    """

    allowed: np.ndarray
    next_state: np.ndarray
    start: int
    observed: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    budget: Budget | None = None

    def __post_init__(self) -> None:
        states, vocabulary = self.allowed.shape
        if self.next_state.shape != (states, vocabulary):
            raise ValueError(f"next_state is {self.next_state.shape}, allowed is {self.allowed.shape}")
        if self.observed.size == 0:
            object.__setattr__(self, "observed", np.arange(states, dtype=np.int32))
        if self.observed.shape != (states,):
            raise ValueError(f"observed is {self.observed.shape}, there are {states} states")
        next_state = np.where(self.allowed, self.next_state, 0).astype(np.int32)
        next_state[:, BOS] = self.start
        allowed = self.allowed.astype(bool)
        allowed[:, BOS] = False
        object.__setattr__(self, "next_state", next_state)
        object.__setattr__(self, "allowed", allowed)
        object.__setattr__(self, "observed", self.observed.astype(np.int32))

    @property
    def states(self) -> int:
        return int(self.allowed.shape[0])

    @property
    def vocabulary_size(self) -> int:
        return int(self.allowed.shape[1])

    @property
    def classes(self) -> int:
        """How many classes of states a model can be told apart."""
        return int(self.observed.max()) + 1

    @property
    def digest(self) -> str:
        """A fingerprint of all tables: a model is of use with the very grammar that it was trained with."""
        tables = (self.allowed, self.next_state, self.observed, np.int32(self.start))
        return hashlib.blake2b(b"".join(table.tobytes() for table in tables), digest_size=16).hexdigest()

    def unroll(self, ids: np.ndarray) -> np.ndarray:
        """The state after each token of a document that begins with BOS: int32[n].

        Raises ValueError at the first token that the grammar forbids.
        """
        if len(ids) and np.min(ids) < 0:
            raise ValueError("an id is below 0")
        steps = self._states(ids)
        if self.budget is not None:
            left = self.budget.total - np.cumsum(self.budget.cost[ids])
            early = (ids == self.budget.closing) & (left > self.budget.spare)
            wrong = np.flatnonzero((left < 0) | early)
            if wrong.size:
                what = "closes too early" if early[wrong[0]] else "spends more than is left"
                raise ValueError(f"token {int(ids[wrong[0]])} at position {int(wrong[0])} {what}")
        return steps

    def _states(self, ids: np.ndarray) -> np.ndarray:
        if self.states == 1:
            steps = np.zeros(len(ids), np.int32)
            illegal = np.flatnonzero(~self.allowed[0][ids[1:]])
            if illegal.size:
                raise ValueError(f"token {int(ids[illegal[0] + 1])} at position {int(illegal[0]) + 1} is not allowed")
            return steps
        steps = np.empty(len(ids), np.int32)
        state = self.start
        for position, token in enumerate(ids.tolist()):
            if position and not self.allowed[state, token]:
                raise ValueError(f"token {token} at position {position} is not allowed in state {state}")
            state = int(self.next_state[state, token])
            steps[position] = state
        return steps

    def accepts(self, ids: np.ndarray) -> bool:
        """Whether `ids` is a whole document, from BOS to EOS, of this grammar."""
        if len(ids) < 2 or ids[0] != BOS or ids[-1] != EOS:
            return False
        try:
            self.unroll(ids)
        except ValueError:
            return False
        return True

    def advanced(self, ids: np.ndarray) -> Grammar:
        """The grammar of what may follow the beginning `ids` (BOS first)."""
        budget, start = self.budget, int(self.unroll(ids)[-1])
        if budget is not None:
            budget = replace(budget, total=budget.total - int(budget.cost[ids].sum()))
        return replace(self, start=start, budget=budget)

    def walk(self, rng: np.random.Generator, longest: int = 100_000) -> np.ndarray:
        """A random document: every allowed token equally likely at each step, BOS and EOS included."""
        ids, state, left = [BOS], self.start, self.budget.total if self.budget else 0
        while ids[-1] != EOS and len(ids) < longest:
            allowed = self.allowed[state] & self.budget.allowed(left) if self.budget else self.allowed[state]
            ids.append(int(rng.choice(np.flatnonzero(allowed))))
            state = int(self.next_state[state, ids[-1]])
            left -= int(self.budget.cost[ids[-1]]) if self.budget else 0
        return np.array(ids, np.int32)


def anything(vocabulary_size: int) -> Grammar:
    """The default: any token may follow any other, and a document may end anywhere."""
    return Grammar(np.ones((1, vocabulary_size), bool), np.zeros((1, vocabulary_size), np.int32), 0)


def build(
    vocabulary_size: int,
    start: State,
    moves: Callable[[State], Iterable[tuple[int, State]]],
    observe: Callable[[State], Hashable] | None = None,
) -> Grammar:
    """A grammar from a function: `moves(state)` yields (token, next state) for every token allowed in `state`.

    States can be any hashable value; they are explored from `start`. `observe(state)` is what a model is told of a
    state (default: the whole state); equal values share a class. Raises ImpossibleConstraints past MOST_STATES.
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
        if len(queue) > MOST_STATES:
            raise ImpossibleConstraints(f"The grammar has more than {MOST_STATES} states; ask for something shorter.")
    allowed = np.zeros((len(queue), vocabulary_size), bool)
    next_state = np.zeros((len(queue), vocabulary_size), np.int32)
    for origin, row in enumerate(rows):
        for token, target in row:
            allowed[origin, token], next_state[origin, token] = True, target
    classes: dict[Hashable, int] = {}
    seen = [observe(state) if observe else state for state in queue]
    observed = np.array([classes.setdefault(what, len(classes)) for what in seen], np.int32)
    return Grammar(allowed, next_state, 0, observed)


def intersect(domain: Grammar, constraint: Grammar) -> Grammar:
    """What both accept, trimmed; the model goes on being told the classes of `domain`.

    Raises ImpossibleConstraints when no document satisfies both, or the product has more than MOST_STATES states.
    """
    width = constraint.states
    frontier = [domain.start * width + constraint.start]
    number = {frontier[0]: 0}
    while frontier:
        reached: list[int] = []
        for block in np.array_split(np.array(frontier, np.int64), -(-len(frontier) // BLOCK)):
            both, pairs = _step(domain, constraint, block)
            # In the order in which they are met: states are numbered as a walk of the product finds them.
            found, first = np.unique(pairs[both], return_index=True)
            reached += found[np.argsort(first)].tolist()
        frontier = []
        for pair in reached:
            if pair not in number:
                number[pair] = len(number)
                frontier.append(pair)
        if len(number) > MOST_STATES:
            raise ImpossibleConstraints(f"The constraints need more than {MOST_STATES} states; ask for less at once.")
    states = np.fromiter(number, np.int64, len(number))
    order = np.argsort(states)
    allowed = np.empty((len(states), domain.vocabulary_size), bool)
    targets = np.empty(allowed.shape, np.int32)
    for start in range(0, len(states), BLOCK):
        rows = slice(start, start + BLOCK)
        allowed[rows], pairs = _step(domain, constraint, states[rows])
        targets[rows] = order[np.searchsorted(states[order], np.where(allowed[rows], pairs, states[0]))]
    product = trim(Grammar(allowed, targets, 0, domain.observed[states // width]))
    for budget in (domain.budget, constraint.budget):
        product = limited(product, budget) if budget else product
    return product


def _step(domain: Grammar, constraint: Grammar, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From pairs of states int64[n], written as one number each: bool[n, V] what both allow, int64[n, V] the next."""
    ours, theirs = np.divmod(pairs, constraint.states)
    following = domain.next_state[ours].astype(np.int64) * constraint.states + constraint.next_state[theirs]
    return domain.allowed[ours] & constraint.allowed[theirs], following


def trim(grammar: Grammar) -> Grammar:
    """Forbids every step into a state from which no document can be ended, so that sampling never runs into a wall.

    Raises ImpossibleConstraints when nothing is left.
    """
    alive = leading_to(grammar.allowed[:, EOS], grammar.allowed, grammar.next_state)
    if not alive[grammar.start]:
        raise ImpossibleConstraints("No sequence satisfies everything that was asked for; ask for less at once.")
    ends = np.arange(grammar.vocabulary_size) == EOS
    return replace(grammar, allowed=grammar.allowed & (alive[grammar.next_state] | ends))


def limited(grammar: Grammar, budget: Budget) -> Grammar:
    """The documents of a grammar, which has no budget yet, that keep to a budget.

    Before it is closed, each state must lead both to the closing token and to one that spends at most `spare` + 1, and
    that through tokens that spend nothing: then sampling never runs into a wall, whatever is left. Raises
    ImpossibleConstraints where one does not.
    """
    if grammar.budget is not None:
        raise ValueError("a grammar has one budget")
    if budget.total < 0 or budget.cost[budget.closing]:
        raise ValueError("a budget is not below 0, and closing a document spends nothing of it")
    moving = grammar.allowed & (np.arange(grammar.vocabulary_size) != budget.closing)
    before_closing = reachable(moving, grammar.next_state, grammar.start)
    spending = moving & (budget.cost > 0)
    for needed in (grammar.allowed[:, budget.closing], (spending & (budget.cost <= budget.spare + 1)).any(axis=1)):
        if not leading_to(needed, moving & ~spending, grammar.next_state)[before_closing].all():
            raise ImpossibleConstraints("No sequence can be made so long step by step; leave the length out.")
    return replace(grammar, budget=budget)


def leading_to(goals: np.ndarray, allowed: np.ndarray, next_state: np.ndarray) -> np.ndarray:
    """bool[states]: the states from which one of `goals` bool[states] can be reached, itself one of them or not."""
    origins, tokens = np.nonzero(allowed)
    targets = next_state[origins, tokens]
    alive = goals.copy()
    order = np.argsort(targets, kind="stable")
    origins_by_target = origins[order]
    first = np.searchsorted(targets[order], np.arange(len(allowed) + 1))
    queue = np.flatnonzero(alive).tolist()
    while queue:
        state = queue.pop()
        for origin in origins_by_target[first[state] : first[state + 1]].tolist():
            if not alive[origin]:
                alive[origin] = True
                queue.append(origin)
    return alive


def reachable(allowed: np.ndarray, next_state: np.ndarray, start: int) -> np.ndarray:
    """bool[states]: the states that a document can come to, by tables of any tokens [states, tokens]."""
    reached = np.zeros(len(allowed), bool)
    frontier = np.array([start])
    while frontier.size:
        reached[frontier] = True
        targets = np.unique(next_state[frontier][allowed[frontier]])
        frontier = targets[~reached[targets]]
    return reached

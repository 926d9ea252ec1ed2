"""Token automata: which token may follow which.

A grammar is a deterministic finite automaton over token ids. A document is a sequence BOS x₁ … xₙ EOS, and the language
of a grammar, L(G), is the set of the documents that it accepts. The automaton begins in `start` after every BOS, so a
stream of many documents needs no special case. The same tables mask illegal tokens in training, scoring and sampling.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from seqgen.grammar.budget import Budget
from seqgen.grammar.special_tokens import BOS, EOS

MAX_STATES = 200_000
"""The largest automaton that this package makes, unless a caller says otherwise."""

UNROLLED_AT_ONCE = 2**16
"""So many ids of a long document become Python integers, which take more memory, at a time."""


@dataclass(frozen=True, eq=False)
class Grammar:
    """A deterministic automaton over S states and a vocabulary of V tokens.

    allowed:     bool[S, V]; whether a token may come next. BOS is never allowed: it begins a document.
    next_state:  int32[S, V]; meaningful where `allowed`, and `start` in the column of BOS
    start:       the state after BOS
    state_class: int32[S]; the class of each state, which is all that a model is told about the state. Default: each
                 state is a class of its own. States that differ only in what a model can see for itself share a class.
    budget:      bounds on what a document costs, in a grammar made by `with_budget`
    """

    allowed: np.ndarray
    next_state: np.ndarray
    start: int
    state_class: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    budget: Budget | None = None

    def __post_init__(self) -> None:
        states, vocabulary = self.allowed.shape
        if self.next_state.shape != (states, vocabulary):
            raise ValueError(f"next_state is {self.next_state.shape}, allowed is {self.allowed.shape}")
        if self.state_class.size == 0:
            object.__setattr__(self, "state_class", np.arange(states, dtype=np.int32))
        if self.state_class.shape != (states,):
            raise ValueError(f"state_class is {self.state_class.shape}, there are {states} states")
        next_state = np.where(self.allowed, self.next_state, 0).astype(np.int32, copy=False)
        next_state[:, BOS] = self.start
        allowed = self.allowed.astype(bool)
        allowed[:, BOS] = False
        object.__setattr__(self, "next_state", next_state)
        object.__setattr__(self, "allowed", allowed)
        object.__setattr__(self, "state_class", self.state_class.astype(np.int32))

    @property
    def state_count(self) -> int:
        return int(self.allowed.shape[0])

    @property
    def vocabulary_size(self) -> int:
        return int(self.allowed.shape[1])

    @property
    def class_count(self) -> int:
        """The number of state classes."""
        return int(self.state_class.max()) + 1

    def unroll(self, ids: np.ndarray) -> np.ndarray:
        """Returns the state after each token of a document that begins with BOS, or of its beginning: int32[n].

        Raises ValueError at the first token that the grammar forbids.
        """
        if len(ids) and np.min(ids) < 0:
            raise ValueError("an id is below 0")
        states = self._states_after(ids)
        if self.budget is not None:
            remaining = self.budget.maximum - np.cumsum(self.budget.cost[ids])
            early = (ids == self.budget.end_token) & (remaining > self.budget.slack)
            wrong = np.flatnonzero((remaining < 0) | early)
            if wrong.size:
                what = "ends below the minimum" if early[wrong[0]] else "costs more than is left"
                raise ValueError(f"token {int(ids[wrong[0]])} at position {int(wrong[0])} {what}")
        return states

    def _states_after(self, ids: np.ndarray) -> np.ndarray:
        if self.state_count == 1:
            states = np.zeros(len(ids), np.int32)
            illegal = np.flatnonzero(~self.allowed[0][ids[1:]])
            if illegal.size:
                raise ValueError(f"token {int(ids[illegal[0] + 1])} at position {int(illegal[0]) + 1} is not allowed")
            return states
        states = np.empty(len(ids), np.int32)
        state = self.start
        for begin in range(0, len(ids), UNROLLED_AT_ONCE):
            for position, token in enumerate(ids[begin : begin + UNROLLED_AT_ONCE].tolist(), begin):
                if position and not self.allowed[state, token]:
                    raise ValueError(f"token {token} at position {position} is not allowed in state {state}")
                state = int(self.next_state[state, token])
                states[position] = state
        return states

    def accepts(self, ids: np.ndarray) -> bool:
        """Whether `ids` is a complete document of this grammar, from BOS to EOS."""
        if len(ids) < 2 or ids[0] != BOS or ids[-1] != EOS:
            return False
        try:
            self.unroll(ids)
        except ValueError:
            return False
        return True

    def walk(self, rng: np.random.Generator, max_length: int = 100_000, prompt: np.ndarray | None = None) -> np.ndarray:
        """Returns a random document int32[n] that begins with `prompt` (default: BOS), cut after `max_length` tokens.

        Every allowed token is equally likely at each step. Raises ValueError where the grammar forbids the prompt.
        """
        prompt = np.array([BOS], np.int32) if prompt is None else prompt
        ids, state = prompt.tolist(), int(self.unroll(prompt)[-1])
        remaining = self.budget.remaining(prompt) if self.budget else 0
        while ids[-1] != EOS and len(ids) < max_length:
            allowed = self.allowed[state] & self.budget.allowed(remaining) if self.budget else self.allowed[state]
            ids.append(int(rng.choice(np.flatnonzero(allowed))))
            state = int(self.next_state[state, ids[-1]])
            remaining -= int(self.budget.cost[ids[-1]]) if self.budget else 0
        return np.array(ids, np.int32)

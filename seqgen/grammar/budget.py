"""A budget: a counter beside the states of an automaton.

Every token has a cost, and the costs of a document add up to a number between a minimum and a maximum. An automaton
without a counter needs a copy of all its states for every number that the sum can be. A budget needs one integer for
each sequence, so it is for large sums, such as the time of a performance in steps of 10 ms. The counter is bounded, so
the language stays regular. (Counter machines in general: Hopcroft, Motwani & Ullman, *Introduction to Automata Theory,
Languages, and Computation*, section 8.5.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seqgen.grammar.special_tokens import EOS


@dataclass(frozen=True, eq=False)
class Budget:
    """Bounds on the cost of a document: minimum ≤ Σ cost[token] ≤ maximum.

    cost:      int32[vocabulary]; the cost of each token, 0 or more
    minimum:   the end token is allowed once the cost so far is at least this
    maximum:   no token is allowed that would take the cost above this
    end_token: the token that ends what is counted; it costs nothing
    """

    cost: np.ndarray
    minimum: int
    maximum: int
    end_token: int = EOS

    def __post_init__(self) -> None:
        if self.maximum < 0 or self.cost[self.end_token]:
            raise ValueError("the maximum of a budget must be 0 or more, and its end token must cost nothing")

    @property
    def slack(self) -> int:
        """How much of the maximum a document may leave unspent."""
        return self.maximum - self.minimum

    def remaining(self, ids: np.ndarray) -> int:
        """Returns what is left of the maximum after the tokens `ids`."""
        return self.maximum - int(self.cost[ids].sum())

    def allowed(self, remaining: int) -> np.ndarray:
        """Returns the tokens that may come next where `remaining` is left of the maximum: bool[vocabulary]."""
        allowed = self.cost <= remaining
        allowed[self.end_token] &= remaining <= self.slack
        return allowed

"""A grammar and its relations as tensors, which compiled functions read. S states, vocabulary of V tokens.

Many states of a large grammar allow the same tokens and move on by the same numbers of states, such as those of bars
that follow one another. So each of the R different rows is stored once. A grammar of 100 000 states that repeats bars
takes 8 MB in place of 60.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.relation_tables import RelationTables
from seqgen.grammar import EOS, Budget, Grammar


class BudgetTables(NamedTuple):
    """The budget of a grammar (seqgen/grammar/budget.py)."""

    cost: tf.Tensor  # int32[V]
    slack: tf.Tensor  # int32, scalar
    is_end: tf.Tensor  # bool[V], whether a token is the end token

    @classmethod
    def from_budget(cls, budget: Budget) -> BudgetTables:
        is_end = np.arange(len(budget.cost)) == budget.end_token
        return cls(tf.constant(budget.cost, tf.int32), tf.constant(budget.slack, tf.int32), tf.constant(is_end))


class GrammarTables(NamedTuple):
    """The tables of a grammar (seqgen/grammar/automaton.py), and of what else the tokens that are drawn keep.

    R is filled up to a power of two, and S, whose tables are small, to a power of four. So grammars of nearly one size
    share a compiled shape.
    """

    row: tf.Tensor  # int32[S], the row of each state
    allowed_rows: tf.Tensor  # bool[R, V]
    difference_rows: tf.Tensor  # int32[R, V], the next state less the state; 0 for tokens that are not allowed, and EOS
    state_after_end: tf.Tensor  # int32[S], the next state after EOS
    state_class: tf.Tensor  # int32[S]
    budget: BudgetTables | None = None
    relations: RelationTables | None = None

    @classmethod
    def from_grammar(cls, grammar: Grammar) -> GrammarTables:
        """Returns the tables of a grammar, without relations."""
        moves = grammar.allowed.copy()
        moves[:, EOS] = False
        difference = np.where(moves, grammar.next_state - np.arange(grammar.state_count, dtype=np.int32)[:, None], 0)
        first, row = distinct_rows(difference, grammar.allowed)
        by_state = (row, grammar.next_state[:, EOS], grammar.state_class)
        row, after_end, state_class = (_fill_up(table, 4) for table in by_state)
        return cls(
            row, _fill_up(grammar.allowed[first], 2), _fill_up(difference[first], 2), after_end, state_class,
            BudgetTables.from_budget(grammar.budget) if grammar.budget else None,
        )  # fmt: skip

    @property
    def vocabulary_size(self) -> int:
        return int(self.allowed_rows.shape[1])

    def allowed(self, states: tf.Tensor) -> tf.Tensor:
        """Returns which tokens may come next, bool[…, V], in states int32[…]."""
        return tf.gather(self.allowed_rows, tf.gather(self.row, states))

    def next_states(self, states: tf.Tensor) -> tf.Tensor:
        """Returns the states after each token int32[…, V], from states int32[…]. Those of forbidden tokens are any."""
        after = states[..., None] + tf.gather(self.difference_rows, tf.gather(self.row, states))
        is_end = tf.range(self.vocabulary_size) == EOS
        return tf.where(is_end, tf.gather(self.state_after_end, states)[..., None], after)

    def next_state(self, states: tf.Tensor, tokens: tf.Tensor) -> tf.Tensor:
        """Returns the state after a token, from states int32[B] by tokens int32[B]."""
        difference = tf.gather_nd(self.difference_rows, tf.stack([tf.gather(self.row, states), tokens], -1))
        return tf.where(tokens == EOS, tf.gather(self.state_after_end, states), states + difference)


def distinct_rows(*tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the places of the different rows of tables [S, V] that lie side by side.

    That is where each of them comes first, int[R], and which of them each row is, int32[S].
    """
    numbers: dict[tuple[bytes, ...], int] = {}
    contents = zip(*(_row_bytes(table) for table in tables), strict=True)
    kinds = np.array([numbers.setdefault(content, len(numbers)) for content in contents], np.int32)
    return np.unique(kinds, return_index=True)[1], kinds


def _row_bytes(table: np.ndarray) -> list[bytes]:
    """Returns the content of each row."""
    table = np.ascontiguousarray(table)
    found: list[bytes] = table.view(f"V{table.itemsize * table.shape[1]}").ravel().tolist()
    return found


def _fill_up(table: np.ndarray, base: int) -> tf.Tensor:
    """Returns a table with rows of 0 up to a power of the base."""
    size = 1
    while size < len(table):
        size *= base
    missing = size - len(table)
    return tf.constant(np.pad(table, [(0, missing), *[(0, 0)] * (table.ndim - 1)]) if missing else table)

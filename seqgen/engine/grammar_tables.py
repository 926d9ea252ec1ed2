"""A grammar and its relations as tensors, which compiled functions read. S states, vocabulary of V tokens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from seqgen.engine.relation_tables import RelationTables
from seqgen.grammar import Budget, Grammar, Relations

STATE_MULTIPLE = 4096
"""Large grammars get a multiple of so many states, so that those of nearly one size share a compiled shape."""


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
    """The tables of a grammar (seqgen/grammar/automaton.py), and of what else the tokens that are drawn keep."""

    allowed: tf.Tensor  # bool[S, V]
    next_state: tf.Tensor  # int32[S, V]
    state_class: tf.Tensor  # int32[S]
    budget: BudgetTables | None = None
    relations: RelationTables | None = None

    @classmethod
    def from_grammar(cls, grammar: Grammar, relations: Relations | None = None) -> GrammarTables:
        states = grammar.state_count
        missing = -states % STATE_MULTIPLE if states > STATE_MULTIPLE else 0
        allowed, next_state, state_class = (
            tf.constant(np.pad(table, [(0, missing), *[(0, 0)] * (table.ndim - 1)]) if missing else table)
            for table in (grammar.allowed, grammar.next_state, grammar.state_class)
        )
        budget = BudgetTables.from_budget(grammar.budget) if grammar.budget else None
        return cls(
            allowed, next_state, state_class, budget, RelationTables.from_relations(relations) if relations else None
        )

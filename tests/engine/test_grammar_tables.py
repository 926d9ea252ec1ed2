"""A grammar as tensors."""

from __future__ import annotations

import numpy as np

from engine import toys
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.grammar import EOS, Budget, with_budget


def test_tables_are_those_of_the_grammar():
    grammar = toys.turns()
    tables = GrammarTables.from_grammar(grammar)
    for name in ("allowed", "next_state", "state_class"):
        np.testing.assert_array_equal(getattr(tables, name), getattr(grammar, name))
    assert tables.budget is None


def test_a_budget_has_tables_of_its_own():
    tables = GrammarTables.from_grammar(with_budget(toys.shifting(), Budget(toys.COST, 3, 5))).budget
    assert tables.cost.numpy().tolist() == toys.COST.tolist()
    assert int(tables.slack) == 2
    assert np.flatnonzero(tables.is_end).tolist() == [EOS]

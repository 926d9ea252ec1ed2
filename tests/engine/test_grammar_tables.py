"""A grammar as tensors."""

from __future__ import annotations

import numpy as np

from engine import toys
from seqgen.engine.grammar_tables import STATE_MULTIPLE, GrammarTables
from seqgen.grammar import EOS, Budget, Grammar, with_budget


def test_tables_are_those_of_the_grammar():
    grammar = toys.turns()
    tables = GrammarTables.from_grammar(grammar)
    for name in ("allowed", "next_state", "state_class"):
        np.testing.assert_array_equal(getattr(tables, name), getattr(grammar, name))
    assert tables.budget is None


def test_large_grammars_of_nearly_one_size_share_a_shape():
    sizes = (STATE_MULTIPLE - 1, STATE_MULTIPLE + 5, 2 * STATE_MULTIPLE - 3)
    grammars = [chain(size) for size in sizes]
    tables = [GrammarTables.from_grammar(grammar) for grammar in grammars]
    assert [len(table.allowed) for table in tables] == [STATE_MULTIPLE - 1, 2 * STATE_MULTIPLE, 2 * STATE_MULTIPLE]
    np.testing.assert_array_equal(tables[1].next_state[: sizes[1]], grammars[1].next_state)
    assert not tables[1].allowed[sizes[1] :].numpy().any()


def chain(states):
    """One document, which visits each of the states once."""
    place = np.arange(states)
    allowed = np.zeros((states, 3), bool)
    allowed[:-1, 2] = allowed[-1, EOS] = True
    return Grammar(allowed, np.minimum(place + 1, states - 1)[:, None].repeat(3, 1).astype(np.int32), 0, 0 * place)


def test_a_budget_has_tables_of_its_own():
    tables = GrammarTables.from_grammar(with_budget(toys.shifting(), Budget(toys.COST, 3, 5))).budget
    assert tables.cost.numpy().tolist() == toys.COST.tolist()
    assert int(tables.slack) == 2
    assert np.flatnonzero(tables.is_end).tolist() == [EOS]

"""A grammar as tensors."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from engine import toys
from seqgen.engine.grammar_tables import GrammarTables, distinct_rows
from seqgen.grammar import EOS, Budget, Grammar, with_budget


def test_tables_are_those_of_the_grammar():
    for grammar in (toys.turns(), toys.forked(), repeated(5)):
        tables, states = GrammarTables.from_grammar(grammar), tf.range(grammar.state_count)
        np.testing.assert_array_equal(tables.allowed(states), grammar.allowed)
        np.testing.assert_array_equal(tf.gather(tables.state_class, states), grammar.state_class)
        next_states = tables.next_states(states).numpy()
        for state, token in np.argwhere(grammar.allowed):
            assert next_states[state, token] == grammar.next_state[state, token]
            assert tables.next_state(tf.constant([state]), tf.constant([token])) == grammar.next_state[state, token]
        assert tables.vocabulary_size == grammar.vocabulary_size
        assert tables.budget is None


def test_repeated_parts_of_a_grammar_are_stored_once():
    tables = GrammarTables.from_grammar(repeated(1000))
    # The part in the middle has two rows, and the last one has two.
    assert tables.allowed_rows.shape == (4, 4)
    assert tables.row.shape == (4096,)


def test_grammars_of_nearly_one_size_share_a_shape():
    few, many, more = (GrammarTables.from_grammar(repeated(count)) for count in (600, 2000, 2100))
    shapes = [[part.shape for part in tables[:5]] for tables in (few, many, more)]
    assert shapes[0] == shapes[1] != shapes[2]


def repeated(count):
    """Returns the grammar of the document (2 3) (2 3) …, so many times: two states for each pair."""
    allowed = np.zeros((2 * count, 4), bool)
    allowed[::2, 2] = allowed[1::2, 3] = True
    allowed[-1] = [False, True, False, False]
    next_state = np.minimum(np.arange(2 * count) + 1, 2 * count - 1)[:, None].repeat(4, 1).astype(np.int32)
    return Grammar(allowed, np.where(np.arange(4) == EOS, 0, next_state), 0, np.zeros(2 * count, np.int32))


def test_rows_that_differ_are_numbered_in_order():
    first, second = np.array([[1, 2], [1, 2], [3, 4], [1, 2]]), np.array([[True], [False], [True], [True]])
    places, rows = distinct_rows(first, second)
    assert places.tolist() == [0, 1, 2]
    assert rows.tolist() == [0, 1, 2, 0]


def test_a_budget_has_tables_of_its_own():
    tables = GrammarTables.from_grammar(with_budget(toys.shifting(), Budget(toys.COST, 3, 5))).budget
    assert tables.cost.numpy().tolist() == toys.COST.tolist()
    assert int(tables.slack) == 2
    assert np.flatnonzero(tables.is_end).tolist() == [EOS]

"""Relations in a compiled function forbid what they forbid in NumPy, and remember what was given."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from engine import toys
from seqgen.engine.relation_tables import RelationState, RelationTables
from seqgen.grammar import BOS, TOKEN, Comparison, Relation, Relations


def several() -> Relations:
    """Relations of different sizes that hold in different classes of the states of `turns`."""
    random = np.random.default_rng(0)

    def comparison(minuend: int, subtrahend: int, outcomes: int) -> Comparison:
        return Comparison(minuend, subtrahend, random.integers(0, outcomes, 101))

    def table(*shape: int) -> np.ndarray:
        return random.random(shape) < 0.4

    return Relations(
        toys.repeating(),
        [
            Relation(np.array([True, False]), [comparison(0, 1, 3), comparison(TOKEN, 1, 2)], table(3, 2)),
            Relation(np.array([True, True]), [comparison(1, TOKEN, 4)], table(4)),
            Relation(
                np.array([False, True]),
                [comparison(TOKEN, 0, 2), comparison(1, 0, 3), comparison(TOKEN, 1, 2)],
                table(2, 3, 2),
            ),
            Relation(np.array([True, False]), [comparison(TOKEN, 0, 3)], table(3)),
        ],
    )


def test_a_batch_is_masked_as_each_document_is_in_numpy():
    relations, grammar = several(), toys.turns()
    tables = RelationTables.from_relations(relations)
    documents = [ids[:-1] for ids in toys.documents(20)]
    classes = [grammar.state_class[grammar.unroll(ids)] for ids in documents]
    pairs = list(zip(documents, classes, strict=True))
    registers = np.stack([relations.registers.unroll(*pair)[-1] for pair in pairs])
    last = np.array([row[-1] for row in classes], np.int32)
    expected = np.stack([relations.forbidden_after(*pair)[-1] for pair in pairs])
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(tables.forbidden_tokens(tf.constant(registers), tf.constant(last)), expected)


def test_a_state_follows_the_registers_and_notices_the_first_token_that_breaks_a_relation():
    relations = toys.zigzag()
    tables, zero = RelationTables.from_relations(relations), tf.zeros(2, tf.int32)
    state = RelationState.from_prompts([np.array([BOS, 2, 3])] * 2, [np.zeros(3, np.int32)] * 2, relations)
    broken = []
    for tokens in ([2, 4], [4, 2], [3, 5]):
        state = state.append(tf.constant(tokens), zero, zero, None, tables)
        broken.append(state.is_broken.numpy().tolist())
    assert broken == [[False, True], [False, True], [False, True]]
    assert state.registers.numpy().tolist() == [[2, 3], [4, 1]]


def test_what_is_broken_among_given_tokens_does_not_count():
    relations = toys.zigzag()
    tables, zero = RelationTables.from_relations(relations), tf.zeros(2, tf.int32)
    state = RelationState.from_prompts([np.array([BOS, 2, 3])] * 2, [np.zeros(3, np.int32)] * 2, relations)
    is_given = tf.constant([True, False])
    forbidden = state.forbidden_tokens(zero, is_given, tables).numpy()
    assert [np.flatnonzero(row).tolist() for row in forbidden] == [[], [4, 5]]
    state = state.append(tf.constant([4, 4]), zero, zero, is_given, tables)
    assert state.is_broken.numpy().tolist() == [False, True]
    # The next one is compared with a drawn token in the second sequence alone.
    state = state.append(tf.constant([5, 5]), zero, zero, tf.constant([True, True]), tables)
    assert state.is_given.numpy().tolist() == [[True, True], [True, False]]
    assert state.is_broken.numpy().tolist() == [False, True]

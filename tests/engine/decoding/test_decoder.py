"""The state of decoding, and the lineage of rows that are chosen anew."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine import model as model_module
from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.decoder import Decoder, Lineage
from seqgen.engine.grammar_tables import GrammarTables
from seqgen.engine.scoring.scorer import Scorer
from seqgen.grammar import BOS, EOS, Budget, with_budget


def test_a_lineage_gives_the_tokens_that_led_to_a_row():
    lineage = Lineage()
    lineage.append(np.array([[2, 3, 4]]), np.array([[0, 1, 2]]))
    lineage.append(np.array([[5, 6, 7], [8, 9, 10]]), np.array([[2, 0, 0], [1, 1, 0]]))
    assert lineage.tokens(0).tolist() == [2, 6, 8]
    assert lineage.tokens(2).tolist() == [4, 5, 10]
    assert lineage.tokens(0, 2).tolist() == [4, 5]
    assert lineage.tokens(1, 0).tolist() == []


def test_steps_hear_what_is_known_ahead_and_each_copy_has_its_own():
    model = toys.model(conditions=toys.ahead())
    ids, decoder = toys.documents(1, seed=2)[0][:-1], Decoder(model)
    known = [toys.known_ahead(ids, np.random.default_rng(seed)) for seed in range(2)]
    expected = [Scorer(model).negative_log_likelihood(ids, conditions=one) for one in known]
    state = decoder.read_prompt(ids[:3], model.grammar, 4, known)
    for place in range(3, len(ids)):
        logits, state = decoder.step(state, model.tables)
        nats = -tf.nn.log_softmax(logits).numpy()[:, ids[place]]
        np.testing.assert_allclose(nats, np.repeat([one[place] for one in expected], 2), atol=1e-4)
        state = state.append(tf.fill([4], ids[place]), model.tables)
    chosen = state.select(tf.constant([3, 0]))
    assert chosen.conditions.number.numpy().tolist() == [1, 0]


@pytest.mark.parametrize("registers", [None, toys.repeating()], ids=["", "coordinates"])
def test_steps_give_the_distributions_of_the_forward_pass(registers):
    model = toys.model(registers=registers)
    ids, tables, decoder = toys.documents(1, seed=2)[0][:-1], model.tables, Decoder(model)
    expected, state = Scorer(model).probabilities(ids), decoder.read_prompt(ids[:3], model.grammar, 2)
    for place in range(2, len(ids)):
        logits, state = decoder.step(state, tables)
        np.testing.assert_allclose(tf.nn.softmax(logits), expected[[place, place]], atol=1e-5)
        if place + 1 < len(ids):
            state = state.append(tf.fill([2], ids[place + 1]), tables)


def test_large_embeddings_are_not_multiplied_before_and_the_distributions_are_the_same(monkeypatch):
    monkeypatch.setattr(model_module, "MAX_PROJECTED_SIZE", 0)
    test_steps_give_the_distributions_of_the_forward_pass(toys.repeating())


def test_bfloat16_changes_distributions_little_and_not_those_of_fewer_than_four_sequences():
    model, prompt = toys.model(conditions=toys.ahead(), registers=toys.repeating()), toys.documents(1, seed=2)[0][:5]

    def log_probabilities(precision, count):
        decoder = Decoder(model, precision)
        state = decoder.read_prompt(prompt, model.grammar, count)
        return compiled(lambda: tf.nn.log_softmax(decoder.step(state, model.tables)[0]))().numpy()

    exact, rounded = log_probabilities("float32", 4), log_probabilities("bfloat16", 4)
    allowed = exact > np.log(1e-9)
    divergence = np.sum(np.where(allowed, np.exp(exact) * (exact - rounded), 0), -1)
    assert (divergence > 0).all()
    assert (divergence < 1e-3).all()
    np.testing.assert_array_equal(rounded > np.log(1e-9), allowed)
    np.testing.assert_array_equal(log_probabilities("bfloat16", 3), log_probabilities("float32", 3))


def test_the_tables_of_a_grammar_are_kept_as_long_as_it_lives():
    decoder, grammar = Decoder(toys.model()), toys.shifting()
    assert decoder.tables(grammar).row is decoder.tables(grammar).row
    assert len(decoder._tables) == 1
    del grammar
    gc.collect()
    assert len(decoder._tables) == 0


def test_before_bos_nothing_is_read(without_compiler):
    decoder = Decoder(toys.model())
    state = decoder.read_prompt(np.array([BOS], np.int32), decoder.model.grammar, 2)
    assert state.token.numpy().tolist() == [BOS, BOS]
    for part, empty in zip(state.memory, decoder.model.initial_memory(2), strict=True):
        np.testing.assert_array_equal(part, empty)


def test_rows_are_selected_with_all_that_belongs_to_them():
    model = toys.model()
    state = Decoder(model).read_prompt(np.array([BOS, 3, 2, 5], np.int32), model.grammar, 3)
    state = state.append(tf.constant([2, 4, 6]), model.tables)
    state = state._replace(memory=state.memory._replace(document=tf.constant([7, 8, 9])))
    chosen = state.select(tf.constant([2, 0, 2, 1]))
    assert chosen.token.numpy().tolist() == [6, 2, 6, 4]
    assert chosen.memory.document.numpy().tolist() == [9, 7, 9, 8]
    assert chosen.memory.hidden.shape[1] == 4


def test_what_a_budget_allows_follows_what_is_spent():
    grammar = with_budget(toys.shifting(), Budget(toys.COST, 2, 3))
    tables = GrammarTables.from_grammar(grammar)
    decoder = Decoder(toys.model(toys.shifting()))
    for ids in ([BOS, 4], [BOS, 4, 2, 5], [BOS, 4, 3, 5], [BOS, 4, 3, 5, 2, 5]):
        ids = np.array(ids, np.int32)
        made = decoder.read_prompt(ids, grammar, 1).allowed_tokens(tables).numpy()[0]
        remaining = grammar.budget.remaining(ids)
        expected = grammar.allowed[grammar.unroll(ids)[-1]] & grammar.budget.allowed(remaining)
        np.testing.assert_array_equal(made, expected)
        assert made[EOS] == (int(toys.COST[ids].sum()) >= 2)

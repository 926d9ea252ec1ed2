"""Scores with dynamic evaluation and a neural cache: beside the papers' sums, never of the future, and of some use."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from engine import toys
from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation, DynamicEvaluator
from seqgen.engine.scoring.neural_cache import NeuralCache
from seqgen.engine.scoring.scorer import SEGMENT_LENGTH, Scorer
from seqgen.grammar import BOS, unconstrained

CACHE = NeuralCache(size=50, interpolation=0.3, flatness=5.0)
DYNAMIC = DynamicEvaluation(learning_rate=0.01, segment_length=16)
REPEATING = np.concatenate([[BOS], np.tile([3, 2, 5, 8, 7, 4], 40), [1]]).astype(np.int32)


@pytest.fixture(scope="module")
def model():
    return toys.model()


@pytest.fixture(scope="module")
def plain(model):
    return Scorer(model)


@pytest.fixture(scope="module")
def cached(model):
    return Scorer(model, cache=CACHE)


@pytest.fixture(scope="module")
def dynamic_evaluator(model):
    return DynamicEvaluator(model, DYNAMIC, toys.documents(8, seed=1))


@pytest.fixture(scope="module")
def dynamic(model, dynamic_evaluator):
    return Scorer(model, dynamic_evaluator=dynamic_evaluator)


@pytest.fixture(scope="module")
def both(model, dynamic_evaluator):
    return Scorer(model, dynamic_evaluator=dynamic_evaluator, cache=CACHE)


@pytest.mark.parametrize("name", ["cached", "dynamic", "both"])
def test_probabilities_sum_to_1_over_what_is_allowed_and_are_those_of_the_nats(request, model, name):
    scorer, ids = request.getfixturevalue(name), toys.long_document(1)
    probabilities = scorer.probabilities(ids)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities[~model.grammar.allowed[model.grammar.unroll(ids)]] == 0).all()
    of_ids = probabilities[np.arange(len(ids) - 1), ids[1:]]
    np.testing.assert_allclose(scorer.negative_log_likelihood(ids), np.r_[0, -np.log(of_ids)], atol=1e-4)


@pytest.mark.parametrize("name", ["plain", "cached", "dynamic", "both"])
@pytest.mark.parametrize("at", [70, SEGMENT_LENGTH + 5])
def test_what_comes_later_changes_no_earlier_cost(request, name, at):
    scorer, ids, other = request.getfixturevalue(name), toys.long_document(2), toys.long_document(3)
    at += at % 2  # turns: from an even position on, another document can go on
    changed = np.concatenate([ids[: at + 1], other[at + 1 :]])
    before, after = scorer.negative_log_likelihood(ids), scorer.negative_log_likelihood(changed)
    np.testing.assert_array_equal(before[: at + 1], after[: at + 1])
    assert not np.array_equal(before[at + 1 : len(after)], after[at + 1 : len(before)])


@pytest.mark.parametrize("name", ["cached", "dynamic", "both"])
def test_a_document_that_repeats_itself_becomes_cheaper(request, plain, name):
    without, made = (
        plain.negative_log_likelihood(REPEATING),
        request.getfixturevalue(name).negative_log_likelihood(REPEATING),
    )
    assert made[120:].sum() < 0.8 * without[120:].sum()


def test_the_model_is_left_as_it_was_and_no_document_learns_from_another(model, both):
    before = model.numpy_weights()
    first = both.negative_log_likelihood(REPEATING)
    both.negative_log_likelihood(toys.long_document(4))
    np.testing.assert_array_equal(both.negative_log_likelihood(REPEATING), first)
    for name, value in model.numpy_weights().items():
        assert value.tobytes() == before[name].tobytes(), name


def test_nothing_is_learned_from_what_does_not_count(model, plain, dynamic):
    ids = toys.long_document(6)
    none = np.zeros(len(ids), np.float32)
    none[-1] = 1
    assert dynamic.negative_log_likelihood(ids, none)[-1] == pytest.approx(
        plain.negative_log_likelihood(ids)[-1], abs=1e-4
    )
    assert not dynamic.negative_log_likelihood(ids, none)[:-1].any()
    assert dynamic.negative_log_likelihood(ids)[-1] != pytest.approx(plain.negative_log_likelihood(ids)[-1], abs=1e-4)


def test_the_distributions_of_a_long_document_are_not_kept():
    grammar = unconstrained(2000)
    scorer = Scorer(toys.model(grammar, hidden_size=8, num_layers=1, attention_window=0, feed_forward_size=0))
    ids = np.concatenate([[BOS], np.random.default_rng(0).integers(2, 2000, 4999)]).astype(np.int32)
    scorer.negative_log_likelihood(ids[:2])
    tracemalloc.start()
    assert len(scorer.negative_log_likelihood(ids)) == len(ids)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6 < 4 * len(ids) * grammar.vocabulary_size / 4

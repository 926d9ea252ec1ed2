"""Scores with dynamic evaluation and a neural cache: beside the papers' sums, never of the future, and of some use."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation, DynamicEvaluator
from seqgen.engine.scoring.neural_cache import NeuralCache
from seqgen.engine.scoring.scorer import SEGMENT_LENGTH, Scorer
from seqgen.engine.segment import split_document
from seqgen.errors import InvalidValue
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


def long_document(seed: int) -> np.ndarray:
    """Longer than a segment and than what the cache holds."""
    ids = np.concatenate([toys.walk(np.random.default_rng([seed, part]), 60)[1:] for part in range(8)])
    assert len(ids) > SEGMENT_LENGTH + CACHE.size
    return np.concatenate([[BOS], ids]).astype(np.int32)


def test_segments_hold_every_input_once_with_its_target_weight_and_state(model):
    ids = toys.documents(1, seed=4)[0]
    weights, states = np.arange(len(ids)) / 8, model.grammar.unroll(ids)
    for steps in (1, 7, len(ids), 100):
        parts = list(split_document(ids, weights, model.grammar, steps))
        assert {field.shape for part in parts for field in part} == {(steps, 1)}
        inputs, targets, counts, after = (np.concatenate(field)[: len(ids), 0] for field in zip(*parts, strict=True))
        np.testing.assert_array_equal(inputs, ids)
        np.testing.assert_array_equal(targets, [*ids[1:], BOS])
        np.testing.assert_array_equal(counts, [*weights[1:], 0])
        np.testing.assert_array_equal(after, states)


def test_a_cache_gives_what_the_papers_sum_over_past_positions_gives(model, plain, cached):
    ids = long_document(0)
    states = model.grammar.unroll(ids)
    classes = tf.constant(model.grammar.state_class[states][:, None])
    outputs = model.forward(tf.constant(ids[:, None]), classes, model.initial_memory(1))[0].numpy()[:, 0].astype(float)
    outputs /= np.linalg.norm(outputs, axis=1, keepdims=True)
    expected = plain.probabilities(ids).astype(float)
    for t in range(len(ids)):
        counted = np.zeros(model.grammar.vocabulary_size)
        for i in range(max(0, t - CACHE.size), t):
            if model.grammar.allowed[states[t], ids[i + 1]]:
                counted[ids[i + 1]] += np.exp(CACHE.flatness * outputs[t] @ outputs[i])
        if counted.any():
            expected[t] = (1 - CACHE.interpolation) * expected[t] + CACHE.interpolation * counted / counted.sum()
    np.testing.assert_allclose(cached.probabilities(ids), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["cached", "dynamic", "both"])
def test_probabilities_sum_to_1_over_what_is_allowed_and_are_those_of_the_nats(request, model, name):
    scorer, ids = request.getfixturevalue(name), long_document(1)
    probabilities = scorer.probabilities(ids)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert (probabilities[~model.grammar.allowed[model.grammar.unroll(ids)]] == 0).all()
    of_ids = probabilities[np.arange(len(ids) - 1), ids[1:]]
    np.testing.assert_allclose(scorer.negative_log_likelihood(ids), np.r_[0, -np.log(of_ids)], atol=1e-4)


@pytest.mark.parametrize("name", ["plain", "cached", "dynamic", "both"])
@pytest.mark.parametrize("at", [70, SEGMENT_LENGTH + 5])
def test_what_comes_later_changes_no_earlier_cost(request, name, at):
    scorer, ids, other = request.getfixturevalue(name), long_document(2), long_document(3)
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
    both.negative_log_likelihood(long_document(4))
    np.testing.assert_array_equal(both.negative_log_likelihood(REPEATING), first)
    for name, value in model.numpy_weights().items():
        assert value.tobytes() == before[name].tobytes(), name


def test_one_step_is_the_papers(model, dynamic_evaluator):
    ids = long_document(5)[: DYNAMIC.segment_length + 1]
    squares = [np.zeros(weight.shape) for weight in dynamic_evaluator.variables]
    count = 0
    for document in toys.documents(8, seed=1):
        for gradients, _ in gradients_of(model, document):
            squares = [total + gradient**2 for total, gradient in zip(squares, gradients, strict=True)]
            count += 1
    roots = [np.sqrt(total / count) for total in squares]
    usual = np.concatenate([root.ravel() for root in roots]).mean()
    first, _ = next(gradients_of(model, ids))
    dynamic_evaluator.reset()
    moved = [weight.assign_add(tf.fill(weight.shape, 0.01)).numpy() for weight in dynamic_evaluator.variables]
    dynamic_evaluator.update([tf.constant(gradient) for gradient in first])
    for weight, start, gradient, root, trained in zip(
        dynamic_evaluator.variables, moved, first, roots, model.numpy_weights().values(), strict=True
    ):
        pull = np.minimum(DYNAMIC.decay * root / usual, 1)
        expected = start - DYNAMIC.learning_rate * gradient / (root + DYNAMIC.epsilon) + pull * (trained - start)
        np.testing.assert_allclose(weight, expected, atol=1e-5)


def gradients_of(model, ids):
    """The gradients of the mean nats of each of a document's segments, one at a time, not compiled."""
    memory = model.initial_memory(1)
    for segment in split_document(ids, np.ones(len(ids)), model.grammar, DYNAMIC.segment_length):
        with tf.GradientTape() as tape:
            nats, memory = model.negative_log_likelihood(
                *map(tf.constant, (segment.inputs, segment.targets, segment.states)), memory
            )
            loss = tf.reduce_sum(nats * segment.weights) / max(segment.weights.sum(), 1)
        gradients = tape.gradient(loss, list(model.weights.values()))
        yield [tf.convert_to_tensor(gradient).numpy() for gradient in gradients], memory


def test_what_training_does_not_learn_is_not_learned_here_either():
    model = toys.model(num_layers=1, attention_window=0, feed_forward_size=0)
    fixed = tf.Variable(model.weights["output/bias"], trainable=False)
    model.weights["output/bias"] = fixed
    dynamic_evaluator = DynamicEvaluator(model, DYNAMIC, [])
    assert len(dynamic_evaluator.variables) == len(model.weights) - 1
    assert all(weight.shape != fixed.shape for weight in dynamic_evaluator.variables)


def test_nothing_is_learned_from_what_does_not_count(model, plain, dynamic):
    ids = long_document(6)
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


@pytest.mark.parametrize("cache", [{"size": 0}, {"interpolation": 0}, {"interpolation": 1}, {"flatness": -1}])
def test_a_cache_that_cannot_be_is_refused(model, cache):
    with pytest.raises(InvalidValue, match=r"cannot be .*must be"):
        Scorer(model, cache=NeuralCache(**cache))


@pytest.mark.parametrize("settings", [{"learning_rate": 0}, {"decay": 2}, {"epsilon": 0}, {"segment_length": 0}])
def test_a_dynamic_evaluation_that_cannot_be_is_refused(model, settings):
    with pytest.raises(InvalidValue, match=r"cannot be .*must be"):
        DynamicEvaluator(model, DynamicEvaluation(**settings), [])

"""Dynamic evaluation beside the formula in its paper."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.scoring.dynamic_evaluation import DynamicEvaluation, DynamicEvaluator
from seqgen.engine.segment import split_document
from seqgen.errors import InvalidValue

DYNAMIC = DynamicEvaluation(learning_rate=0.01, segment_length=16)


def test_one_step_is_the_papers():
    model = toys.model()
    dynamic_evaluator = DynamicEvaluator(model, DYNAMIC, toys.documents(8, seed=1))
    ids = toys.long_document(5)[: DYNAMIC.segment_length + 1]
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


@pytest.mark.parametrize("settings", [{"learning_rate": 0}, {"decay": 2}, {"epsilon": 0}, {"segment_length": 0}])
def test_a_dynamic_evaluation_that_cannot_be_is_refused(settings):
    with pytest.raises(InvalidValue, match=r"cannot be .*must be"):
        DynamicEvaluation(**settings)

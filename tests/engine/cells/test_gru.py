"""The GRU beside its equations in float64, and beside Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import reference
from engine.cells.checks import CHECKS, B, H, Problem, T, activations_by_block
from seqgen.engine.layers.recurrence import all_steps


@pytest.mark.parametrize("check", CHECKS)
def test_equations(check):
    check("gru", reference.gru_step)


def test_equals_keras_with_the_same_weights():
    problem = Problem("gru", reference.gru_step, seed=3)
    problem.resets[:], problem.h[:] = False, 0
    layer = keras.layers.GRU(H, return_sequences=True, reset_after=True)
    layer.build((B, T, H))
    # Keras has the update gate before the reset gate, and a recurrent bias for each of them.
    swapped = {name: keras_order(problem.weights[name]) for name in ("input_weights", "recurrent_weights", "bias")}
    recurrent_bias = np.concatenate([np.zeros(2 * H), problem.weights["recurrent_bias"]])
    biases = np.stack([swapped["bias"], recurrent_bias])
    layer.set_weights([swapped["input_weights"], swapped["recurrent_weights"], biases])
    expected = tf.transpose(layer(tf.transpose(problem.x.astype("f"), (1, 0, 2))), (1, 0, 2))
    hiddens, _ = problem.run({key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()})
    np.testing.assert_allclose(hiddens, expected, atol=1e-5)


def keras_order(blocks):
    reset, update, candidate = np.split(blocks, 3, -1)
    return np.concatenate([update, reset, candidate], -1)


def test_states_follow_from_the_gates_that_are_shown():
    problem = Problem("gru", reference.gru_step)
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    weights = problem.cell.assemble(inputs)
    projection = tf.matmul(inputs["x"], weights.input)
    output = all_steps(problem.cell, projection, weights, tf.constant(problem.resets), inputs["h"], inputs["c"])
    gates, keep = activations_by_block(problem, output.activations), 1 - problem.resets[..., None]
    before = np.concatenate([problem.h[None], output.hidden[:-1]])
    hidden = (1 - gates["update_gate"]) * gates["candidate"] + gates["update_gate"] * before
    np.testing.assert_allclose(output.hidden, hidden * keep, atol=1e-5)

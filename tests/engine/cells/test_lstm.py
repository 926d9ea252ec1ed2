"""The LSTM beside its equations in float64, and beside Keras."""

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
    check("lstm", reference.lstm_step)


def test_equals_keras_with_the_same_weights():
    problem = Problem("lstm", reference.lstm_step, seed=3)
    problem.resets[:], problem.h[:], problem.c[:] = False, 0, 0
    layer = keras.layers.LSTM(H, return_sequences=True)
    layer.build((B, T, H))
    layer.set_weights([problem.weights[name] for name in ("input_weights", "recurrent_weights", "bias")])
    expected = tf.transpose(layer(tf.transpose(problem.x.astype("f"), (1, 0, 2))), (1, 0, 2))
    hiddens, _ = problem.run({key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()})
    np.testing.assert_allclose(hiddens, expected, atol=1e-5)


def test_states_follow_from_the_gates_that_are_shown():
    problem = Problem("lstm", reference.lstm_step)
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    weights = problem.cell.assemble(inputs)
    projection = tf.matmul(inputs["x"], weights.input)
    output = all_steps(problem.cell, projection, weights, tf.constant(problem.resets), inputs["h"], inputs["c"])
    gates, keep = activations_by_block(problem, output.activations), 1 - problem.resets[..., None]
    before = np.concatenate([problem.c[None], output.cell_state[:-1]])
    cell_state = gates["forget_gate"] * before + gates["input_gate"] * gates["candidate"]
    np.testing.assert_allclose(output.cell_state, cell_state * keep, atol=1e-5)
    np.testing.assert_allclose(output.hidden, gates["output_gate"] * np.tanh(cell_state) * keep, atol=1e-5)

"""The LSTM with peepholes and its variants beside their equations in float64."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import reference
from engine.cells.checks import CHECKS, H, Problem, activations_by_block
from seqgen.engine.layers.recurrence import all_steps


@pytest.mark.parametrize("name", reference.LSTM_VARIANTS)
@pytest.mark.parametrize("check", CHECKS)
def test_equations(check, name):
    check(name, reference.STEPS[name])


@pytest.mark.parametrize("name", reference.LSTM_VARIANTS)
def test_states_follow_from_the_gates_that_are_shown(name):
    problem = Problem(name, reference.STEPS[name])
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    weights = problem.cell.assemble(inputs)
    projection = tf.matmul(inputs["x"], weights.input)
    output = all_steps(problem.cell, projection, weights, tf.constant(problem.resets), inputs["h"], inputs["c"])
    gates, keep = activations_by_block(problem, output.activations), 1 - problem.resets[..., None]
    cell_state = output.cell_state.numpy()[..., :H]
    before = np.concatenate([problem.c[None, :, :H], cell_state[:-1]])
    input_gate = gates.get("input_gate", 1)
    forget_gate = {"nfg": 1, "coupled": 1 - input_gate}.get(name, gates.get("forget_gate"))
    expected = forget_gate * before + input_gate * gates["candidate"]
    np.testing.assert_allclose(cell_state, expected * keep, atol=1e-5)
    squashed = expected if name == "noaf" else np.tanh(expected)
    np.testing.assert_allclose(output.hidden, gates.get("output_gate", 1) * squashed * keep, atol=1e-5)

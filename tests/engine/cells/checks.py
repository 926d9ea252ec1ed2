"""The checks that every cell passes, against its equations written step by step in float64.

A test of a cell runs all of them:

    @pytest.mark.parametrize("check", CHECKS)
    def test_equations(check):
        check("gru", reference.gru_step)
"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from engine import reference
from seqgen.engine.cells.registry import find_cell
from seqgen.engine.layers.recurrence import all_steps, recurrence, recurrence_step
from seqgen.engine.layers.step_weights import StepWeights

T, B, H = 9, 3, 5


class Problem:
    """Random weights, inputs and states of a cell, and a loss that depends on every output."""

    def __init__(self, name: str, step: reference.Step, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        self.cell, self.step = find_cell(name), step
        shapes = self.cell.weight_shapes(H)
        self.weights = {name: random.normal(0, 0.6, shape) for name, shape in shapes.items()}
        self.x = random.normal(size=(T, B, H))
        self.h, self.c = random.normal(0, 0.5, (B, H)), random.normal(0, 0.5, (B, self.cell.cell_state_blocks * H))
        self.resets = random.random((T, B)) < 0.2
        self.d_hiddens = random.normal(size=(T, B, H))
        self.d_last = random.normal(size=self.c.shape)

    def inputs(self) -> dict[str, np.ndarray]:
        return {**self.weights, "x": self.x, "h": self.h, "c": self.c}

    def expected(self, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """All hidden states and the last cell state, by the reference."""
        return reference.recurrence(self.step, inputs["x"], inputs, self.resets, inputs["h"], inputs["c"])

    def expected_loss(self, inputs: dict[str, np.ndarray]) -> float:
        hiddens, last = self.expected(inputs)
        return float((hiddens * self.d_hiddens).sum() + (last * self.d_last).sum())

    def run(self, inputs: dict[str, tf.Tensor], precision: tf.DType = tf.float32) -> tuple[tf.Tensor, tf.Tensor]:
        """All hidden states and the last cell state, by the engine."""
        weights, resets = self.cell.assemble(inputs), tf.constant(self.resets)
        projection = tf.matmul(inputs["x"], weights.input)
        return recurrence(self.cell, projection, weights, resets, inputs["h"], inputs["c"], precision)


def check_states_and_gradients(name: str, step: reference.Step) -> None:
    """The loop's states, and its gradients beside central differences of the reference in random directions."""
    problem = Problem(name, step)
    inputs = {key: tf.Variable(value, dtype=tf.float32) for key, value in problem.inputs().items()}
    with tf.GradientTape() as tape:
        hiddens, last = problem.run(inputs)
        loss = tf.reduce_sum(hiddens * problem.d_hiddens.astype("f")) + tf.reduce_sum(last * problem.d_last.astype("f"))
    expected_hiddens, expected_last = problem.expected(problem.inputs())
    np.testing.assert_allclose(hiddens, expected_hiddens, atol=1e-5)
    np.testing.assert_allclose(last, expected_last, atol=1e-5)
    gradients = tape.gradient(loss, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    random = np.random.default_rng(2)
    for key, value in problem.inputs().items():
        direction, size = random.normal(size=value.shape), 1e-6
        ahead, behind = (
            problem.expected_loss({**problem.inputs(), key: value + sign * size * direction}) for sign in (1, -1)
        )
        derivative = float((gradients[key].numpy() * direction).sum())
        assert derivative == pytest.approx((ahead - behind) / (2 * size), rel=2e-4, abs=2e-4), key


def check_gradient_of_a_step(name: str, step: reference.Step) -> None:
    """The cell's own gradient of one step, beside automatic differentiation of its equations."""
    problem = Problem(name, step)
    weights = problem.cell.assemble({key: tf.constant(value, tf.float32) for key, value in problem.weights.items()})
    h, c, x = (tf.constant(value, tf.float32) for value in (problem.h, problem.c, problem.x[0]))
    recurrent_input = tf.matmul(problem.cell.recurrent_input(h, c), weights.recurrent)
    z = tf.matmul(x, weights.input) + recurrent_input + weights.bias
    d_h, d_c = (tf.constant(value, tf.float32) for value in (problem.d_hiddens[0], problem.d_last))
    with tf.GradientTape() as tape:
        tape.watch([z, h, c, weights.extra])
        output = problem.cell.step(z, h, c, weights.extra)
    expected = tape.gradient(
        [output.hidden, output.cell_state], [z, h, c, weights.extra], [d_h, d_c],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )  # fmt: skip
    saved = output.activations if problem.cell.saves_activations else z
    gradient = problem.cell.gradient(saved, h, c, output.cell_state, weights.extra, d_h, d_c)
    for part, value in zip(gradient, expected, strict=True):
        np.testing.assert_allclose(part, value, atol=1e-5)


def check_bfloat16(name: str, step: reference.Step) -> None:
    """A loop in bfloat16 rounds to its eight bits, and no worse."""
    problem = Problem(name, step)
    inputs = {key: tf.Variable(value, dtype=tf.float32) for key, value in problem.inputs().items()}
    results = []
    for precision in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            hiddens, _ = problem.run(inputs, precision)
            loss = tf.reduce_sum(hiddens * problem.d_hiddens.astype("f"))
        results.append([hiddens, *tape.gradient(loss, [inputs["x"], inputs["recurrent_weights"], inputs["h"]])])
    for exact, rounded in zip(*results, strict=True):
        error = np.abs(rounded - exact).max() / np.abs(exact).max()
        assert 1e-4 < error < 2**-5


def check_single_steps(name: str, step: reference.Step) -> None:
    """Single steps are the loop, and after a reset nothing is left of what came before."""
    problem = Problem(name, step, seed=3)
    problem.resets[:] = False
    problem.resets[4] = True
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    hiddens, last = problem.run(inputs)
    h, c, weights = inputs["h"], inputs["c"], StepWeights.from_cell_weights(problem.cell.assemble(inputs))
    for t in range(T):
        h, c = recurrence_step(problem.cell, [inputs["x"][t]], weights, problem.resets[t], h, c)
        np.testing.assert_allclose(h, hiddens[t], atol=1e-5)
        if t == 4:
            assert not h.numpy().any()
            assert not c.numpy().any()
    np.testing.assert_allclose(c, last, atol=1e-5)
    inputs["h"], inputs["c"] = inputs["h"] * 9 + 1, inputs["c"] - 5
    others, _ = problem.run(inputs)
    np.testing.assert_array_equal(others[4:], hiddens[4:])
    assert not np.array_equal(others[3], hiddens[3])


def check_all_steps(name: str, step: reference.Step) -> None:
    """The output of every step: its states are those of the reference, and its gates are between 0 and 1."""
    problem = Problem(name, step)
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    weights = problem.cell.assemble(inputs)
    projection = tf.matmul(inputs["x"], weights.input)
    output = all_steps(problem.cell, projection, weights, tf.constant(problem.resets), inputs["h"], inputs["c"])
    hiddens, last = problem.expected(problem.inputs())
    np.testing.assert_allclose(output.hidden, hiddens, atol=1e-5)
    np.testing.assert_allclose(output.cell_state[-1], last, atol=1e-5)
    for block, values in activations_by_block(problem, output.activations).items():
        if block != "candidate":
            assert ((values > 0) & (values < 1)).all(), block


def activations_by_block(problem: Problem, activations: tf.Tensor) -> dict[str, np.ndarray]:
    """Activations [T, B, H] by the names of the cell's blocks."""
    blocks = problem.cell.blocks
    return dict(zip(blocks, np.split(np.asarray(activations), len(blocks), -1), strict=True))


CHECKS = [
    check_states_and_gradients, check_gradient_of_a_step, check_bfloat16, check_single_steps, check_all_steps,
]  # fmt: skip

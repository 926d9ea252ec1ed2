"""Every cell in the loop beside its paper's equations in float64; the LSTM and the GRU beside Keras too."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import reference
from seqgen.engine import settings
from seqgen.engine.cells.registry import CELLS
from seqgen.engine.layers.recurrence import one_step, recurrence

T, B, H = 9, 3, 5


class Problem:
    """Random weights, inputs, states, and a loss that every output acts on."""

    def __init__(self, name: str, seed: int = 1) -> None:
        random = np.random.default_rng(seed)
        self.name, self.cell = name, CELLS[name]
        self.parts = {part: random.normal(0, 0.6, shape) for part, shape in self.cell.shapes(H).items()}
        self.x = random.normal(size=(T, B, H))
        self.h, self.carried = random.normal(0, 0.5, (B, H)), random.normal(0, 0.5, (B, self.cell.carried * H))
        self.resets = random.random((T, B)) < 0.2
        self.d_hiddens = random.normal(size=(T, B, H))
        self.d_last = random.normal(size=self.carried.shape)

    def inputs(self) -> dict[str, np.ndarray]:
        return {**self.parts, "x": self.x, "h": self.h, "carried": self.carried}

    def expected(self, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        parts = {name: inputs[name] for name in self.parts}
        return reference.recurrence(self.name, inputs["x"], parts, self.resets, inputs["h"], inputs["carried"])

    def expected_loss(self, inputs: dict[str, np.ndarray]) -> float:
        hiddens, last = self.expected(inputs)
        return float((hiddens * self.d_hiddens).sum() + (last[:, : self.carried.shape[1]] * self.d_last).sum())


def run(cell, inputs, resets, precision=tf.float32):
    weights = cell.weights(inputs)
    x = tf.matmul(inputs["x"], weights.input)
    return recurrence(cell, x, weights, resets, inputs["h"], inputs["carried"], precision)


@pytest.mark.parametrize("name", list(CELLS))
def test_states_and_gradients_equal_the_equations_in_float64(name):
    problem = Problem(name)
    inputs = {key: tf.Variable(value, dtype=tf.float32) for key, value in problem.inputs().items()}
    with tf.GradientTape() as tape:
        hiddens, last = run(problem.cell, inputs, tf.constant(problem.resets))
        loss = tf.reduce_sum(hiddens * problem.d_hiddens.astype("f")) + tf.reduce_sum(last * problem.d_last.astype("f"))
    expected_hiddens, expected_last = problem.expected(problem.inputs())
    np.testing.assert_allclose(hiddens, expected_hiddens, atol=1e-5)
    np.testing.assert_allclose(last, expected_last[:, : problem.carried.shape[1]], atol=1e-5)
    gradients = tape.gradient(loss, inputs, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    random = np.random.default_rng(2)
    for key, value in problem.inputs().items():
        # The derivative in a random direction, by central differences in float64.
        direction, step = random.normal(size=value.shape), 1e-6
        ahead, behind = (
            problem.expected_loss({**problem.inputs(), key: value + sign * step * direction}) for sign in (1, -1)
        )
        made = float((gradients[key].numpy() * direction).sum())
        assert made == pytest.approx((ahead - behind) / (2 * step), rel=2e-4, abs=2e-4), key


@pytest.mark.parametrize("name", list(CELLS))
def test_a_loop_in_bfloat16_rounds_to_its_eight_bits_and_no_worse(name):
    problem = Problem(name)
    inputs = {key: tf.Variable(value, dtype=tf.float32) for key, value in problem.inputs().items()}
    results = []
    for precision in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as tape:
            hiddens, _ = run(problem.cell, inputs, tf.constant(problem.resets), precision)
            loss = tf.reduce_sum(hiddens * problem.d_hiddens.astype("f"))
        results.append([hiddens, *tape.gradient(loss, [inputs["x"], inputs["recurrent_weights"], inputs["h"]])])
    for exact, rounded in zip(*results, strict=True):
        error = np.abs(rounded - exact).max() / np.abs(exact).max()
        assert 1e-4 < error < 2**-5


@pytest.mark.parametrize("name", list(CELLS))
def test_step_by_step_is_the_loop_and_a_reset_leaves_exactly_nothing(name):
    problem = Problem(name, seed=3)
    problem.resets[:] = False
    problem.resets[4] = True
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    hiddens, last = run(problem.cell, inputs, tf.constant(problem.resets))
    h, carried = inputs["h"], inputs["carried"]
    for t in range(T):
        h, carried = one_step(problem.cell, inputs["x"][t], problem.cell.weights(inputs), problem.resets[t], h, carried)
        np.testing.assert_allclose(h, hiddens[t], atol=1e-5)
        if t == 4:
            assert not h.numpy().any()
            assert not carried.numpy().any()
    np.testing.assert_allclose(carried, last, atol=1e-5)
    inputs["h"], inputs["carried"] = inputs["h"] * 9 + 1, inputs["carried"] - 5
    others, _ = run(problem.cell, inputs, tf.constant(problem.resets))
    np.testing.assert_array_equal(others[4:], hiddens[4:])
    assert not np.array_equal(others[3], hiddens[3])


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_equals_keras_with_the_same_weights(name):
    random = np.random.default_rng(3)
    cell, x = CELLS[name], random.normal(size=(T, B, H)).astype(np.float32)
    parts = {part: random.normal(size=shape).astype(np.float32) for part, shape in cell.shapes(H).items()}
    if name == "lstm":
        layer = keras.layers.LSTM(H, return_sequences=True)
        weights = [parts["input_weights"], parts["recurrent_weights"], parts["bias"]]
    else:
        layer = keras.layers.GRU(H, return_sequences=True, reset_after=True)
        # Keras has the update gate before the reset gate, and a recurrent bias for each of them.
        swapped = {part: keras_order(parts[part]) for part in ("input_weights", "recurrent_weights", "bias")}
        second = np.concatenate([np.zeros(2 * H, np.float32), parts["recurrent_bias"]])
        weights = [swapped["input_weights"], swapped["recurrent_weights"], np.stack([swapped["bias"], second])]
    layer.build((B, T, H))
    layer.set_weights(weights)
    theirs = tf.transpose(layer(tf.transpose(x, (1, 0, 2))), (1, 0, 2))
    zero = {"h": tf.zeros((B, H)), "carried": tf.zeros((B, cell.carried * H))}
    mine, _ = run(cell, {**parts, "x": x, **zero}, tf.zeros((T, B), tf.bool))
    np.testing.assert_allclose(mine, theirs, atol=1e-5)


def keras_order(blocks):
    reset, update, candidate = np.split(blocks, 3, -1)
    return np.concatenate([update, reset, candidate], -1)


def test_every_cell_can_be_chosen_by_name():
    assert set(get_args(settings.Cell)) == set(CELLS)

"""The kernel beside the equations in float64, and beside Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine import reference
from seqgen.engine.recurrence import lstm

T, B, D, H = 11, 3, 5, 7


@pytest.fixture
def problem():
    random = np.random.default_rng(1)
    x, W, R, b = (random.normal(size=shape) for shape in [(T, B, D), (D, 4 * H), (H, 4 * H), (4 * H,)])
    resets = random.random((T, B)) < 0.2
    h, c = random.normal(size=(2, B, H))
    return x, W, R, b, resets, h, c


def run(x, W, R, b, resets, h, c, d_hiddens, d_cells, jit):
    tensors = [tf.constant(value, tf.float32) for value in (x, W, R, b, h, c)]

    @tf.function(jit_compile=jit, autograph=False)
    def both(x, W, R, b, h, c):
        with tf.GradientTape() as tape:
            tape.watch([x, W, R, b, h, c])
            hiddens, cells = lstm(x, W, R, b, tf.constant(resets), h, c)
            loss = tf.reduce_sum(hiddens * d_hiddens) + tf.reduce_sum(cells * d_cells)
        return hiddens, cells, tape.gradient(loss, [x, W, R, b, h, c])

    return both(*tensors)


@pytest.mark.parametrize("jit", [False, True])
def test_outputs_and_all_gradients_equal_the_equations_in_float64(problem, jit):
    random = np.random.default_rng(2)
    d_hiddens, d_cells = (random.normal(size=(T, B, H)).astype(np.float32) for _ in range(2))
    hiddens, cells, gradients = run(*problem, d_hiddens, d_cells, jit)
    expected_hiddens, expected_cells, tape = reference.lstm(*problem)
    expected = reference.lstm_gradients(d_hiddens, d_cells, tape, problem[1], problem[2])
    np.testing.assert_allclose(hiddens, expected_hiddens, atol=1e-5)
    np.testing.assert_allclose(cells, expected_cells, atol=1e-5)
    for gradient, value in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, value, atol=1e-5 * max(1, np.abs(value).max()))


def test_equals_keras_with_the_same_weights():
    random = np.random.default_rng(3)
    x, W, R, b = (random.normal(size=s).astype(np.float32) for s in [(T, B, D), (D, 4 * H), (H, 4 * H), (4 * H,)])
    layer = keras.layers.LSTM(H, return_sequences=True)
    layer.build((B, T, D))
    layer.set_weights([W, R, b])  # Keras has the gates in the same order: i f c o
    with tf.GradientTape(persistent=True) as tape:
        theirs = tf.transpose(layer(tf.transpose(x, (1, 0, 2))), (1, 0, 2))
        loss = tf.reduce_sum(tf.sin(theirs))
    their_gradients = [np.asarray(g) for g in tape.gradient(loss, [v.value for v in layer.trainable_variables])]
    mine = [tf.Variable(value) for value in (W, R, b)]
    with tf.GradientTape() as tape:
        zero = tf.zeros((B, H))
        hiddens, _ = lstm(tf.constant(x), *mine, tf.zeros((T, B), tf.bool), zero, zero)
        loss = tf.reduce_sum(tf.sin(hiddens))
    np.testing.assert_allclose(hiddens, theirs, atol=1e-5)
    for gradient, value in zip(tape.gradient(loss, mine), their_gradients, strict=True):
        np.testing.assert_allclose(gradient, value, atol=1e-5 * max(1, np.abs(value).max()))


def test_a_reset_leaves_exactly_nothing_of_the_past(problem):
    x, W, R, b, _, h, c = (np.asarray(value, np.float32) for value in problem)
    resets = np.zeros((T, B), bool)
    resets[4] = True
    hiddens, cells = lstm(*map(tf.constant, (x, W, R, b)), tf.constant(resets), tf.constant(h), tf.constant(c))
    assert (hiddens[4].numpy() == 0).all()
    assert (cells[4].numpy() == 0).all()
    other, _ = lstm(*map(tf.constant, (x, W, R, b)), tf.constant(resets), tf.constant(h * 9), tf.constant(c - 5))
    np.testing.assert_array_equal(hiddens[4:], other[4:])
    assert not np.array_equal(hiddens[3], other[3])

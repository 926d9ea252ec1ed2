"""The loop over time: what holds for any cell stands in tests/engine/cells/checks.py, what it is made of here."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from engine import reference
from engine.cells.checks import B, H, Problem, T
from seqgen.engine.layers.recurrence import recurrence


def test_gradients_stop_at_the_beginning_of_the_segment_and_at_a_reset():
    problem = Problem("lstm", reference.lstm_step)
    problem.resets[:] = False
    problem.resets[5, 0] = True
    inputs = {key: tf.Variable(value, dtype=tf.float32) for key, value in problem.inputs().items()}
    with tf.GradientTape() as tape:
        hiddens, _ = problem.run(inputs)
        loss = tf.reduce_sum(hiddens[-1])
    d_x, d_h = tape.gradient(loss, [inputs["x"], inputs["h"]])
    assert not d_x.numpy()[: 5 + 1, 0].any()
    assert d_x.numpy()[5 + 1 :, 0].all()
    assert d_x.numpy()[:, 1:].all()
    assert not d_h.numpy()[0].any()
    assert d_h.numpy()[1:].all()


def test_two_segments_are_one_long_one():
    problem = Problem("lstm", reference.lstm_step)
    inputs = {key: tf.constant(value, tf.float32) for key, value in problem.inputs().items()}
    whole, last = problem.run(inputs)
    weights = problem.cell.assemble(inputs)
    projection, h, c, parts = tf.matmul(inputs["x"], weights.input), inputs["h"], inputs["c"], []
    for part in (slice(0, 4), slice(4, T)):
        hiddens, c = recurrence(problem.cell, projection[part], weights, tf.constant(problem.resets[part]), h, c)
        h = hiddens[-1]
        parts.append(hiddens)
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-5)
    np.testing.assert_allclose(c, last, atol=1e-5)
    assert whole.shape == (T, B, H)

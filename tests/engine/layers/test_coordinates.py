"""Differences of coordinates: the layer as its equations say, in float64, and its gradient."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from engine import toys
from seqgen.engine.layers.coordinates import DifferenceLookup, difference_logits
from seqgen.grammar.registers import DIFFERENCE_COUNT

REGISTERS = toys.repeating()
RANDOM = np.random.default_rng(0)
STEPS, BATCH, HIDDEN, SIZE = 3, 2, 5, 4
REFERENCES, COUNT = REGISTERS.reference_count, REGISTERS.register_count
SLOTS = len(REGISTERS.difference)
HELD = RANDOM.integers(0, SLOTS, (STEPS, BATCH, COUNT)).astype(np.int32)
SEEN = RANDOM.integers(0, DIFFERENCE_COUNT, (STEPS, BATCH, COUNT)).astype(np.int32)


def reference_logits(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Each candidate, register and position by itself."""
    scores = (x @ weights).reshape(STEPS, BATCH, REFERENCES, DIFFERENCE_COUNT)
    logits = np.zeros((STEPS, BATCH, len(REGISTERS.slots)))
    for t, b, v in np.ndindex(logits.shape):
        for k in range(REFERENCES):
            logits[t, b, v] += scores[t, b, k, REGISTERS.difference[REGISTERS.slots[v], HELD[t, b, k]]]
    return logits


def reference_embedding(table: np.ndarray, gain: np.ndarray) -> np.ndarray:
    normalised = gain * table / np.sqrt((table**2).mean(-1, keepdims=True) + 1e-6)
    rows = normalised.reshape(COUNT, DIFFERENCE_COUNT, SIZE)
    return sum(rows[k, SEEN[:, :, k]] for k in range(COUNT))


def test_logits_and_their_gradients_are_those_of_the_equation():
    x, weights = RANDOM.normal(size=(STEPS, BATCH, HIDDEN)), RANDOM.normal(size=(HIDDEN, REFERENCES * DIFFERENCE_COUNT))
    factors = RANDOM.normal(size=(STEPS, BATCH, len(REGISTERS.slots)))
    check(
        lambda x, weights: difference_logits(
            x, weights, tf.constant(REGISTERS.slots), tf.constant(REGISTERS.difference), tf.constant(HELD)
        ),
        reference_logits, [x, weights], factors,
    )  # fmt: skip


def test_the_embedding_and_its_gradient_are_those_of_the_equation():
    table, gain = RANDOM.normal(size=(COUNT * DIFFERENCE_COUNT, SIZE)), RANDOM.normal(size=SIZE)
    factors = RANDOM.normal(size=(STEPS, BATCH, SIZE))
    check(
        lambda table, gain: DifferenceLookup.of(table, gain, tf.constant(SEEN)).normalized(),
        reference_embedding,
        [table, gain],
        factors,
    )


def check(layer, reference, arguments, factors):
    """Values agree, and the gradient of Σ factors · value with central differences of the reference in float64."""
    tensors = [tf.constant(argument, tf.float32) for argument in arguments]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        value = layer(*tensors)
        total = tf.reduce_sum(value * factors.astype(np.float32))
    np.testing.assert_allclose(value, reference(*arguments), atol=1e-4)
    for number, gradient in enumerate(tape.gradient(total, tensors)):
        direction = np.random.default_rng(number).normal(size=arguments[number].shape)
        moved = [
            [*arguments[:number], arguments[number] + step * direction, *arguments[number + 1 :]]
            for step in (1e-5, -1e-5)
        ]
        above, below = ((reference(*some) * factors).sum() for some in moved)
        np.testing.assert_allclose(
            (tf.convert_to_tensor(gradient).numpy() * direction).sum(), (above - below) / 2e-5, rtol=1e-3
        )

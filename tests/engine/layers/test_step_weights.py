"""The weights of single steps: the same sums as in the loop over time, rounded or not."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from seqgen.engine.cells.base import CellWeights
from seqgen.engine.compiling import compiled
from seqgen.engine.layers.step_weights import StepWeights

B, H, D = 5, 32, 6


def random_normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


WEIGHTS = CellWeights(*(tf.constant(random_normal(seed, *shape)) for seed, shape in enumerate(
    [(H, 4 * H), (H, 4 * H), (4 * H,), (0,)]
)))  # fmt: skip
X, HIDDEN = random_normal(4, B, H), random_normal(5, B, H)


def test_a_step_adds_up_the_products_of_input_and_hidden_state_and_the_bias():
    expected = X @ WEIGHTS.input + HIDDEN @ WEIGHTS.recurrent + WEIGHTS.bias
    z = StepWeights.from_cell_weights(WEIGHTS).pre_activations([X, HIDDEN])
    np.testing.assert_allclose(z, expected, atol=1e-4)


def test_rows_of_projected_tables_and_low_rank_values_are_the_product_of_their_sum_with_the_input_weights():
    tables, low_rank, values = [random_normal(6, 9, H), random_normal(7, 3, H)], random_normal(8, D, H), X[:, :D]
    token, state_class = np.array([0, 8, 3, 3, 5]), np.array([2, 2, 0, 1, 1])
    x = tables[0][token] + tables[1][state_class] + values @ low_rank
    weights = StepWeights.from_embeddings(tables, [low_rank], WEIGHTS, tf.float32)
    rows = [weights.tables[0].numpy()[token], weights.tables[1].numpy()[state_class]]
    expected = StepWeights.from_cell_weights(WEIGHTS).pre_activations([x, HIDDEN])
    np.testing.assert_allclose(weights.pre_activations([values, HIDDEN], rows), expected, atol=1e-3)


def test_bfloat16_rounds_to_eight_bits_and_no_worse():
    exact = StepWeights.from_cell_weights(WEIGHTS).pre_activations([X, HIDDEN])
    rounded = StepWeights.from_cell_weights(WEIGHTS, tf.bfloat16)
    assert rounded.matrix.dtype == tf.bfloat16
    error = np.abs(compiled(rounded.pre_activations)([X, HIDDEN]) - exact).max() / np.abs(exact).max()
    assert 1e-4 < error < 2**-7

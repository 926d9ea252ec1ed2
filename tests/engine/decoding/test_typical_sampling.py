"""Locally typical sampling against its definition, one row at a time in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from seqgen.engine.compiling import compiled
from seqgen.engine.decoding.typical_sampling import keep_typical


def reference(logits: np.ndarray, allowed: np.ndarray, mass: float) -> set[int]:
    """Returns the tokens of equation 5 of Meister et al.: those nearest to the entropy that together have `mass`."""
    z = np.where(allowed, logits.astype(np.float64), -np.inf)
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    tokens = np.flatnonzero(p)
    entropy = -(p[tokens] * np.log(p[tokens])).sum()
    nearest = tokens[np.argsort(np.abs(entropy + np.log(p[tokens])), kind="stable")]
    count = int(np.searchsorted(np.cumsum(p[nearest]), mass)) + 1
    return set(nearest[:count].tolist())


@pytest.mark.parametrize("mass", [0.0, 0.2, 0.5, 0.9, 0.99])
def test_the_tokens_that_are_kept_are_those_of_the_definition(mass):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (50, 13)).astype(np.float32)
    allowed = rng.random((50, 13)) < 0.6
    allowed[np.arange(50), rng.integers(13, size=50)] = True
    filtered = compiled(keep_typical)(tf.constant(logits), tf.constant(allowed), tf.constant(mass, tf.float32)).numpy()
    for row, kept in enumerate(filtered > -1e8):
        assert set(np.flatnonzero(kept & allowed[row]).tolist()) == reference(logits[row], allowed[row], mass)
        np.testing.assert_array_equal(filtered[row][kept], logits[row][kept])


def test_the_likeliest_token_need_not_be_typical():
    p = np.array([0.4, *[0.06] * 10])
    filtered = keep_typical(tf.constant(np.log(p)[None], tf.float32), tf.fill((1, 11), True), tf.constant(0.5))
    assert (filtered[0].numpy() > -1e8).tolist() == [False, *[True] * 10]

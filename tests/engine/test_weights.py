"""Weights before training."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings

BIAS_AND_RECURRENT = ("0/bias", "0/recurrent_weights")


def test_first_weights_are_orthogonal_with_an_open_forget_gate_and_follow_the_seed():
    settings, grammar = ModelSettings(hidden_size=16, num_layers=1), toys.turns()
    weights = Model.new(settings, grammar, seed=3).numpy_weights()
    for gate in np.split(weights["recurrence_0/recurrent_weights"], 4, -1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(16), atol=1e-5)
    assert weights["recurrence_0/bias"].reshape(4, 16).tolist() == [[0] * 16, [1] * 16, [0] * 16, [0] * 16]
    again, other = (
        Model.new(settings, grammar, seed=3).numpy_weights(),
        Model.new(settings, grammar, seed=4).numpy_weights(),
    )
    np.testing.assert_array_equal(again["embedding"], weights["embedding"])
    assert not np.array_equal(other["embedding"], weights["embedding"])


def test_the_first_forget_bias_and_recurrent_matrices_can_be_others():
    settings = ModelSettings(hidden_size=64, num_layers=1, forget_bias=-2.5, recurrent_initializer="normal")
    weights = Model.new(settings, toys.turns(), seed=3).numpy_weights()
    bias, recurrent = (next(v for name, v in weights.items() if name.endswith(part)) for part in BIAS_AND_RECURRENT)
    assert bias.reshape(4, 64)[:, 0].tolist() == [0, -2.5, 0, 0]
    assert recurrent.std() == pytest.approx(64**-0.5, rel=0.03)
    gate = recurrent[:, :64]
    assert np.abs(gate @ gate.T - np.eye(64)).max() > 0.2

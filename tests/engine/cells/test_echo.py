"""The echo state network: the equation of a simple RNN, and a training that changes what reads it alone."""

from __future__ import annotations

import numpy as np
import pytest

from engine import reference, toys
from engine.cells.checks import CHECKS
from seqgen.corpus.storage.training_batches import Batch
from seqgen.engine.model import Model
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.trainer import Trainer


@pytest.mark.parametrize("check", CHECKS)
def test_equations(check):
    check("echo", reference.rnn_step)


def test_an_echo_state_network_learns_its_read_out_alone():
    model = Model.new(ModelSettings(hidden_size=32, num_layers=2, cell="echo", spectral_radius=0.8), toys.turns(), 0)
    learned = {name for name, weight in model.weights.items() if weight.trainable}
    assert learned == {"output/weights", "output/norm", "output/bias"}
    for layer in range(2):
        eigenvalues = np.linalg.eigvals(model.numpy_weights()[f"recurrence_{layer}/recurrent_weights"])
        assert np.abs(eigenvalues).max() == pytest.approx(0.8, rel=1e-4)
    trainer = Trainer(model, TrainingSettings(batch_size=2, bptt_length=8, dropout=0.0))
    before, (ids, *_) = model.numpy_weights(), toys.documents(1, seed=1)
    segment = np.resize(ids, (8, 2)).astype(np.int32)
    trainer.step(Batch(segment, segment, np.ones((8, 2), np.float32), np.zeros((8, 2), np.int32)), 0.0)
    changed = {name for name, value in model.numpy_weights().items() if not np.array_equal(value, before[name])}
    assert changed == learned

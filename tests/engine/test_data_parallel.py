"""Sub-batches, trained apart, are the whole batch."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine import data_parallel
from seqgen.engine.data_parallel import join_memory, num_sub_batches, split_memory
from seqgen.engine.scoring import evaluation
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training import trainer as training
from seqgen.engine.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("without_compiler")


def trained(monkeypatch, count, **settings):
    """Weights, memory and held-out nats after three steps in so many sub-batches."""
    for module in (training, evaluation):
        monkeypatch.setattr(module, "num_sub_batches", lambda batch_size, hidden_size: count)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in toys.documents(20)])
    stream = TrainingBatches(
        stored, toys.turns(), batch_size=4, bptt_length=8, seed=0, conditions=toys.ahead(),
        show_conditions=lambda ids, rng, metadata: toys.known_ahead(ids, rng),
    )  # fmt: skip
    trainer = Trainer(toys.model(conditions=toys.ahead()), TrainingSettings(batch_size=4, bptt_length=8, **settings))
    for step in range(3):
        trainer.step(stream.batch(step), 0.0)
    held_out = Evaluator(trainer.model).held_out_likelihood(stream.batch(step) for step in range(2))
    return trainer.model.numpy_weights(), trainer.memory, held_out.nats


@pytest.mark.parametrize("kind", ["per_step", "locked"])
def test_sub_batches_change_nothing_but_rounding(monkeypatch, kind):
    noise = {
        "dropout": 0.3,
        "dropout_mask": kind,
        "weight_drop": 0.3,
        "activation_regularization": 0.5,
        "temporal_activation_regularization": 0.5,
    }
    whole, split = (trained(monkeypatch, count, **noise) for count in (1, 2))
    before = toys.model(conditions=toys.ahead()).numpy_weights()
    for name, value in whole[0].items():
        assert np.abs(value - before[name]).max() > 1e-4, f"{name} is not trained"
        np.testing.assert_allclose(split[0][name], value, atol=2e-4, err_msg=name)
    for one, other in zip(whole[1], split[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert whole[2] == pytest.approx(split[2], rel=1e-3)


def test_a_memory_is_split_and_joined_without_loss():
    memory = toys.model().initial_memory(6)
    memory = memory._replace(document=memory.document + np.arange(6, dtype=np.int32), hidden=memory.hidden + 1)
    for one, other in zip(join_memory(split_memory(memory, 3)), memory, strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_are_split_evenly_into_sub_batches_of_four_at_least(monkeypatch):
    monkeypatch.setattr(data_parallel, "num_cores", lambda: 8)
    assert {batch_size: num_sub_batches(batch_size, 512) for batch_size in (1, 7, 16, 32, 34, 4096)} == {
        1: 1, 7: 1, 16: 4, 32: 8, 34: 2, 4096: 8
    }  # fmt: skip
    assert num_sub_batches(32, 1024) == 1

"""Lanes: shares of the streams, trained apart, are the whole batch."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.corpus.storage.store import Documents
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine import data_parallel as lanes
from seqgen.engine.data_parallel import join_memory, split_memory
from seqgen.engine.scoring import evaluation
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training import trainer as training
from seqgen.engine.training.trainer import Trainer


def trained(monkeypatch, count, **settings):
    """Weights, carried memory and held-out nats after three steps in so many lanes."""
    for module in (training, evaluation):
        monkeypatch.setattr(module, "lanes_of", lambda streams, width: count)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in toys.documents(20)])
    stream = TrainingBatches(stored, toys.turns(), batch_size=4, bptt_length=8, seed=0)
    trainer = Trainer(toys.model(), TrainingSettings(batch_size=4, bptt_length=8, **settings))
    for step in range(3):
        trainer.step(stream.batch(step), 0.0)
    held_out = Evaluator(trainer.model).evaluate(stream.batch(step) for step in range(2))
    return trainer.model.numpy(), trainer.memory, held_out.nats


@pytest.mark.parametrize("kind", ["per_step", "locked"])
def test_lanes_change_nothing_but_rounding(monkeypatch, kind):
    noise = {
        "dropout": 0.3,
        "dropout_mask": kind,
        "weight_drop": 0.3,
        "activation_regularization": 0.5,
        "temporal_activation_regularization": 0.5,
    }
    whole, in_lanes = (trained(monkeypatch, lane_count, **noise) for lane_count in (1, 2))
    for name, value in whole[0].items():
        np.testing.assert_allclose(in_lanes[0][name], value, atol=2e-4, err_msg=name)
    for one, other in zip(whole[1], in_lanes[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert whole[2] == pytest.approx(in_lanes[2], rel=1e-3)


def test_a_memory_is_split_and_joined_without_loss():
    memory = toys.model().empty_memory(6)
    memory = memory._replace(document=memory.document + np.arange(6, dtype=np.int32), hidden=memory.hidden + 1)
    for one, other in zip(join_memory(split_memory(memory, 3)), memory, strict=True):
        np.testing.assert_array_equal(one, other)


def test_streams_are_shared_out_evenly_and_no_lane_has_but_a_few(monkeypatch):
    monkeypatch.setattr(lanes.os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert {streams: lanes.lanes_of(streams, 512) for streams in (1, 7, 16, 32, 34, 4096)} == {
        1: 1, 7: 1, 16: 4, 32: 8, 34: 2, 4096: 8
    }  # fmt: skip
    assert lanes.lanes_of(32, 1024) == 1

"""Lanes: shares of the streams, trained apart, are the whole batch."""

from __future__ import annotations

import numpy as np
import pytest

from engine import toys
from seqgen.corpus.store import Documents
from seqgen.corpus.stream import Stream
from seqgen.engine import evaluation, training
from seqgen.engine.evaluation import Evaluator
from seqgen.engine.lanes import join_memory, lanes_of, split_memory
from seqgen.engine.settings import TrainingSettings
from seqgen.engine.training import Trainer


def trained(monkeypatch, lanes, **settings):
    """Weights, carried memory and held-out nats after three steps in so many lanes."""
    for module in (training, evaluation):
        monkeypatch.setattr(module, "lanes_of", lambda streams: lanes)
    stored = Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in toys.documents(20)])
    stream = Stream(stored, toys.turns(), streams=4, steps=8, seed=0)
    trainer = Trainer(toys.model(), TrainingSettings(streams=4, segment=8, **settings))
    for step in range(3):
        trainer.step(stream.batch(step), 0.0)
    held_out = Evaluator(trainer.model).evaluate(stream.batch(step) for step in range(2))
    return trainer.model.numpy(), trainer.memory, held_out.nats


def test_lanes_change_nothing_but_rounding(monkeypatch):
    penalties = {"dropout": 0.0, "activation_penalty": 0.5}
    whole, in_lanes = (trained(monkeypatch, lanes, **penalties) for lanes in (1, 2))
    for name, value in whole[0].items():
        np.testing.assert_allclose(in_lanes[0][name], value, atol=2e-4, err_msg=name)
    for one, other in zip(whole[1], in_lanes[1], strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)
    assert whole[2] == pytest.approx(in_lanes[2], rel=1e-3)


def test_every_lane_has_dropout_of_its_own(monkeypatch):
    twins = Trainer(toys.model(), TrainingSettings(streams=2, segment=8, dropout=0.5))
    monkeypatch.setattr(training, "lanes_of", lambda streams: 2)
    ids = np.resize(toys.documents(1, seed=1)[0], (8, 1)).astype(np.int32).repeat(2, 1)
    segment = toys.Segment(ids, ids, np.ones((8, 2), np.float32), 0 * ids)
    twins.step(segment, 0.0)
    hidden = twins.memory.hidden[-1].numpy()
    assert np.abs(hidden[0] - hidden[1]).max() > 1e-3


def test_a_memory_is_split_and_joined_without_loss():
    memory = toys.model().empty_memory(6)
    memory = memory._replace(document=memory.document + np.arange(6, dtype=np.int32), hidden=memory.hidden + 1)
    for one, other in zip(join_memory(split_memory(memory, 3)), memory, strict=True):
        np.testing.assert_array_equal(one, other)


def test_streams_are_shared_out_evenly_among_the_cores():
    for streams in (1, 7, 16):
        assert streams % lanes_of(streams) == 0

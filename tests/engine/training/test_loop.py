"""Training: it learns, its parts act, it stops and goes on to the bit."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from engine import toys
from engine.twin_workers import TwinWorkers
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.scoring.evaluation import Evaluator, HeldOutLikelihood
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.checkpoint import newest_checkpoint
from seqgen.engine.training.loop import TrainingLoop
from seqgen.engine.training.progress import TrainingBudget, TrainingStopped
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import TrainingError
from seqgen.grammar import BOS

SMALL = ModelSettings(hidden_size=16, num_layers=1, attention_window=4, attention_size=4)


@pytest.fixture(scope="module")
def stored():
    """The first token of each document says how all the rest goes on: 3 2 3 2 … or 5 4 5 4 …"""
    random = np.random.default_rng(0)
    examples = []
    for _ in range(40):
        pair = [(3, 2), (5, 4), (7, 8)][int(random.integers(3))]
        ids = np.array([BOS, *pair * int(random.integers(4, 12)), 1])
        examples.append((ids, np.r_[0, np.ones(len(ids) - 1)]))
    return Documents.from_examples(examples)


def make_trainer(workers=None, **settings):
    training = TrainingSettings(
        batch_size=4, bptt_length=8, learning_rate=0.02, warmup_steps=5, num_evaluations=4, seed=0, **settings
    )
    return Trainer(Model.new(SMALL, toys.turns(), 0), training, workers)


def make_loop(stored, folder, steps, trainer, *, evaluator=None, report=lambda progress: None):
    """Returns a loop, and a list that gets the nats and the step of each best evaluation."""
    stream = TrainingBatches(stored, toys.turns(), batch_size=4, bptt_length=8, seed=0)
    best = []
    loop = TrainingLoop(
        trainer, stream.batch,
        lambda: (b for b, _ in evaluation_batches(stored, toys.turns(), batch_size=4, bptt_length=8)),
        TrainingBudget(steps=steps), folder,
        on_best=lambda weights, result, step: best.append((result.nats, step)), report=report,
    )  # fmt: skip
    if evaluator is not None:
        loop.evaluator = evaluator
    return loop, best


@pytest.fixture
def compiled_once(plain_trainer):
    """Returns a trainer and an evaluator in the state that they had before any test."""
    trainer, evaluator, state = plain_trainer
    trainer.restore(state, 0)
    return trainer, evaluator


@pytest.fixture(scope="module")
def plain_trainer():
    trainer = make_trainer()
    return trainer, Evaluator(trainer.evaluated_model), trainer.tensors()


def test_learns_what_can_be_learned(stored, compiled_once, tmp_path):
    trainer, evaluator = compiled_once
    loop, best = make_loop(stored, tmp_path, 200, trainer, evaluator=evaluator)
    untrained = loop.evaluator.held_out_likelihood(
        b for b, _ in evaluation_batches(stored, toys.turns(), batch_size=4, bptt_length=8)
    ).nats
    final = loop.run()
    assert untrained > 1
    # Which pair, and how many of them, cannot be known: about ln 3 + ln 8 nats over 16 tokens.
    assert final.best < 0.3
    assert final.best == min(nats for nats, _ in best)


EVERYTHING = {
    "dropout": 0.3, "dropout_mask": "locked", "weight_drop": 0.3, "activation_regularization": 1.0,
    "temporal_activation_regularization": 1.0, "gradient_clip_value": 0.1,
    "gradient_accumulation_steps": 3, "ema_decay": 0.9, "learning_rate_schedule": "linear",
}  # fmt: skip


@pytest.mark.parametrize("settings", [{"dropout": 0.3}, EVERYTHING], ids=["plain", "everything"])
def test_a_run_that_was_stopped_and_resumed_ends_in_the_same_weights_to_the_bit(stored, tmp_path, settings):
    """The runs share compiled programs. test_killed.py resumes in another process, with objects of its own."""
    trainer = make_trainer(**settings)
    untrained = trainer.tensors()
    loop, _ = make_loop(stored, tmp_path / "a", 30, trainer)
    straight, state = loop.run(), trainer.tensors()
    evaluator = loop.evaluator

    def press_ctrl_c(progress):
        if progress.step == 13:
            os.kill(os.getpid(), signal.SIGINT)

    trainer.restore(untrained, 0)
    loop, _ = make_loop(stored, tmp_path / "b", 30, trainer, evaluator=evaluator, report=press_ctrl_c)
    with pytest.raises(TrainingStopped):
        loop.run()
    trainer.restore(untrained, 0)
    loop, _ = make_loop(stored, tmp_path / "b", 30, trainer, evaluator=evaluator)
    loop.resume(newest_checkpoint(tmp_path / "b"))
    assert trainer.step_number == 13
    resumed = loop.run()
    for name, value in state.items():
        np.testing.assert_array_equal(trainer.tensors()[name], value, err_msg=name)
    assert (resumed.best, resumed.held_out, resumed.loss) == (straight.best, straight.held_out, straight.loss)


def test_a_checkpoint_of_another_model_is_refused(stored, compiled_once, tmp_path):
    trainer, evaluator = compiled_once
    loop, _ = make_loop(stored, tmp_path, 2, trainer, evaluator=evaluator)
    loop.run()
    other = Trainer(
        Model.new(ModelSettings(hidden_size=8, num_layers=1), toys.turns(), 0), TrainingSettings(batch_size=4)
    )
    checkpoint = newest_checkpoint(tmp_path)
    with pytest.raises(TrainingError, match="other settings"):
        other.restore(checkpoint.tensors, checkpoint.record.step)


def test_a_loss_that_is_not_finite_stops_training_with_what_to_do(stored, compiled_once, tmp_path):
    trainer, evaluator = compiled_once
    loop, _ = make_loop(stored, tmp_path, 5, trainer, evaluator=evaluator)
    loop.trainer.model.weights["output/bias"].assign(np.full(toys.VOCABULARY, np.nan))
    with pytest.raises(TrainingError, match="lower learning_rate"):
        loop.run()


def test_with_local_updates_evaluations_and_ctrl_c_wait_for_the_next_average(stored, tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.engine.training.loop.CHECKPOINT_SECONDS", 0.0)
    averaged, evaluated = [], []

    def begin(steps, report=lambda progress: None):
        trainer = make_trainer(TwinWorkers(), average_every=4)
        loop, _ = make_loop(stored, tmp_path, steps, trainer, report=report)

        def step(segment, progress):
            trainer.step_number += 1
            if trainer.step_number == 6:
                os.kill(os.getpid(), signal.SIGINT)
            return 1.0

        trainer.step, trainer.average_weights = step, lambda: averaged.append(trainer.step_number)
        loop.evaluator.held_out_likelihood = lambda segments: (
            evaluated.append(trainer.step_number) or HeldOutLikelihood(1.0, 1.0)
        )
        return loop

    with pytest.raises(TrainingStopped):
        begin(10).run()
    assert newest_checkpoint(tmp_path).record.step == 8
    resumed = begin(10)
    resumed.resume(newest_checkpoint(tmp_path))
    assert resumed.run().loss == 1.0
    assert averaged == [4, 8, 10]
    assert set(evaluated) == {4, 8, 10}

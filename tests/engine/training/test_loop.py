"""Training: it learns, its parts act, it stops and goes on to the bit."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from engine import toys
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.store import Documents
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.scoring.evaluation import Evaluator
from seqgen.engine.scoring.scorer import Scorer
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.checkpoint import newest_checkpoint, save_checkpoint
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


def make_loop(stored, folder, steps, *, seed=0, report=lambda progress: None, **settings):
    training = TrainingSettings(
        batch_size=4, bptt_length=8, learning_rate=0.02, warmup_steps=5, num_evaluations=4, seed=seed, **settings
    )
    trainer = Trainer(Model.new(SMALL, toys.turns(), seed), training)
    stream = TrainingBatches(stored, toys.turns(), batch_size=4, bptt_length=8, seed=seed)
    best = []
    loop = TrainingLoop(
        trainer, stream.batch,
        lambda: (b for b, _ in evaluation_batches(stored, toys.turns(), batch_size=4, bptt_length=8)),
        TrainingBudget(steps=steps), folder,
        on_best=lambda weights, result, step: best.append((result.nats, step)), report=report,
    )  # fmt: skip
    return loop, best


def test_learns_what_can_be_learned(stored, tmp_path):
    loop, best = make_loop(stored, tmp_path, 200)
    untrained = loop.evaluator.held_out_likelihood(
        b for b, _ in evaluation_batches(stored, toys.turns(), batch_size=4, bptt_length=8)
    ).nats
    final = loop.run()
    assert untrained > 1
    # Which pair, and how many of them, cannot be known: about ln 3 + ln 8 nats over 16 tokens.
    assert final.best < 0.3
    assert final.best == min(nats for nats, _ in best)


def test_evaluation_is_the_weighted_mean_over_every_target(stored):
    model = Model.new(SMALL, toys.turns(), 1)
    scorer = Scorer(model)
    nats = [scorer.negative_log_likelihood(stored[number][0]) for number in range(len(stored))]
    held_out = Evaluator(model).held_out_likelihood(
        b for b, _ in evaluation_batches(stored, toys.turns(), batch_size=3, bptt_length=11)
    )
    assert held_out.tokens == sum(len(n) - 1 for n in nats)
    assert held_out.nats == pytest.approx(np.concatenate(nats).sum() / held_out.tokens, rel=1e-5)


def interrupted(stored, folder, steps, at, **settings):
    """Weights after `steps`, stopped by Ctrl-C at step `at` and resumed by a new process' worth of objects."""

    def press_ctrl_c(progress):
        if progress.step == at:
            os.kill(os.getpid(), signal.SIGINT)

    loop, _ = make_loop(stored, folder, steps, report=press_ctrl_c, **settings)
    with pytest.raises(TrainingStopped):
        loop.run()
    loop, _ = make_loop(stored, folder, steps, **settings)
    loop.resume(newest_checkpoint(folder))
    assert loop.trainer.step_number == at
    return loop.run(), loop.trainer.tensors()


EVERYTHING = {
    "dropout_mask": "locked", "weight_drop": 0.3, "activation_regularization": 1.0,
    "temporal_activation_regularization": 1.0, "gradient_clip_value": 0.1,
    "gradient_accumulation_steps": 3, "ema_decay": 0.9, "learning_rate_schedule": "linear",
}  # fmt: skip


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
def test_a_run_that_was_stopped_and_resumed_ends_in_the_same_weights_to_the_bit(stored, tmp_path, settings):
    loop, _ = make_loop(stored, tmp_path / "a", 30, dropout=0.3, **settings)
    straight, state = loop.run(), loop.trainer.tensors()
    resumed, again = interrupted(stored, tmp_path / "b", 30, 13, dropout=0.3, **settings)
    for name, value in state.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)
    assert (resumed.best, resumed.held_out, resumed.loss) == (straight.best, straight.held_out, straight.loss)


def test_a_checkpoint_cut_short_is_passed_over_for_the_one_before(tmp_path):
    save_checkpoint(tmp_path, {"a": np.arange(5)}, {"step": 1})
    newest = save_checkpoint(tmp_path, {"a": np.arange(6)}, {"step": 2})
    newest.write_bytes(newest.read_bytes()[:-3])
    assert newest_checkpoint(tmp_path).record["step"] == 1
    np.testing.assert_array_equal(newest_checkpoint(tmp_path).tensors["a"], np.arange(5))
    newest.write_bytes(b"")
    assert newest_checkpoint(tmp_path).record["step"] == 1


def test_two_checkpoints_are_kept(tmp_path):
    for step in (1, 2, 30):
        save_checkpoint(tmp_path, {"a": np.zeros(1)}, {"step": step})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-0000000002.safetensors",
        "step-0000000030.safetensors",
    ]


def test_a_checkpoint_of_another_model_is_refused(stored, tmp_path):
    loop, _ = make_loop(stored, tmp_path, 2)
    loop.run()
    other = Trainer(
        Model.new(ModelSettings(hidden_size=8, num_layers=1), toys.turns(), 0), TrainingSettings(batch_size=4)
    )
    checkpoint = newest_checkpoint(tmp_path)
    with pytest.raises(TrainingError, match="other settings"):
        other.restore(checkpoint.tensors, checkpoint.record["step"])


def weights_after(stored, steps=6, **settings):
    training = TrainingSettings(batch_size=4, bptt_length=8, warmup_steps=0, **{"dropout": 0.0, **settings})
    trainer = Trainer(Model.new(SMALL, toys.turns(), 0), training)
    stream = TrainingBatches(stored, toys.turns(), batch_size=4, bptt_length=8, seed=0)
    for step in range(steps):
        trainer.step(stream.batch(step), 0.0)
    return trainer.model.numpy_weights()


@pytest.fixture(scope="module")
def plain(stored):
    return weights_after(stored)


@pytest.mark.parametrize(
    "changed", [{"dropout": 0.5}, {"weight_decay": 0.9}, {"gradient_clip_norm": 0.01}, {"learning_rate": 0.1}], ids=str
)
def test_every_setting_of_training_acts(stored, plain, changed):
    other = weights_after(stored, **changed)
    assert np.abs(plain["recurrence_0/input_weights"] - other["recurrence_0/input_weights"]).max() > 1e-5


def test_the_first_step_is_that_of_adamw_with_a_clipped_gradient(stored):
    """Adam's first step is lr · sign(g) whatever clipping does, plus decoupled decay of matrices alone."""
    before = Model.new(SMALL, toys.turns(), 0).numpy_weights()
    after = weights_after(stored, steps=1, learning_rate=1e-3, weight_decay=0.5)
    decayed = before["recurrence_0/input_weights"] * (1 - 1e-3 * 0.5)
    moved = np.abs(after["recurrence_0/input_weights"] - decayed)
    assert np.median(moved) == pytest.approx(1e-3, rel=0.02)
    moved_bias = np.abs(after["recurrence_0/bias"] - before["recurrence_0/bias"])
    assert np.median(moved_bias) == pytest.approx(1e-3, rel=0.02)


def test_a_loss_that_is_not_finite_stops_training_with_what_to_do(stored, tmp_path):
    loop, _ = make_loop(stored, tmp_path, 5)
    loop.trainer.model.weights["output/bias"].assign(np.full(toys.VOCABULARY, np.nan))
    with pytest.raises(TrainingError, match="lower learning_rate"):
        loop.run()


def test_memory_is_carried_from_segment_to_segment(stored):
    """With every second segment's memory thrown away the losses differ: truncated, but not forgotten."""
    training = TrainingSettings(batch_size=4, bptt_length=8, dropout=0.0)
    carried, forgetful = (Trainer(Model.new(SMALL, toys.turns(), 0), training) for _ in range(2))
    stream = TrainingBatches(stored, toys.turns(), batch_size=4, bptt_length=8, seed=0)
    assert float(carried.step(stream.batch(0), 0.0)) == float(forgetful.step(stream.batch(0), 0.0))
    forgetful.memory = forgetful.model.initial_memory(4)
    assert float(carried.step(stream.batch(1), 0.0)) != float(forgetful.step(stream.batch(1), 0.0))

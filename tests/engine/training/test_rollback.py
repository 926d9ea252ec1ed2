"""What the loop does when a loss is not finite, and when held-out data stops getting likelier."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from engine import toys
from seqgen.corpus.storage.documents import Documents
from seqgen.corpus.storage.evaluation_batches import evaluation_batches
from seqgen.corpus.storage.training_batches import TrainingBatches
from seqgen.engine.model import Model
from seqgen.engine.scoring.evaluation import HeldOutLikelihood
from seqgen.engine.settings import ModelSettings, TrainingSettings
from seqgen.engine.training.callback import EarlyStopping
from seqgen.engine.training.checkpoint import checkpoint_path, newest_checkpoint, read_checkpoint
from seqgen.engine.training.loop import TrainingLoop
from seqgen.engine.training.progress import TrainingBudget, TrainingStopped
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import TrainingError

pytestmark = pytest.mark.usefixtures("without_compiler")


@pytest.fixture(scope="module")
def stored():
    return Documents.from_examples([(ids, np.r_[0, np.ones(len(ids) - 1)]) for ids in toys.documents(4, longest=8)])


def make_loop(stored, folder, steps=12, *, bad=(), report=lambda progress: None, callbacks=(), **settings):
    """A loop whose segments of the steps `bad` have a loss that is no number; evaluates at every 4th step."""
    training = TrainingSettings(batch_size=2, bptt_length=4, warmup_steps=0, num_evaluations=steps // 4, **settings)
    trainer = Trainer(Model.new(ModelSettings(hidden_size=8, num_layers=1), toys.turns(), 0), training)
    stream = TrainingBatches(stored, toys.turns(), batch_size=2, bptt_length=4, seed=0)

    def segment_at(step):
        batch = stream.batch(step)
        return batch._replace(weights=batch.weights * np.nan) if step in bad else batch

    kept = {}
    loop = TrainingLoop(
        trainer, segment_at,
        lambda: (b for b, _ in evaluation_batches(stored, toys.turns(), batch_size=2, bptt_length=4)),
        TrainingBudget(steps=steps), folder, on_best=lambda weights, result, step: kept.update(weights), report=report,
        callbacks=callbacks,
    )  # fmt: skip
    return loop, kept


def compute_nothing(loop):
    """Lets the steps of a loop change no weights. Their loss is a number unless the segment is bad."""

    def step(segment, progress):
        loop.trainer.step_number += 1
        return float(segment.weights.sum())

    loop.trainer.step = step


def test_the_weights_of_the_last_evaluation_are_put_back_and_the_rate_is_halved(stored, tmp_path):
    notes, after = [], []

    def report(progress):
        if progress.note:
            notes.append(progress.note)
            good = read_checkpoint(checkpoint_path(tmp_path, 4)).tensors
            trainer = loop.trainer
            after.append(
                (
                    progress.step,
                    good["weights/embedding"],
                    trainer.model.numpy_weights()["embedding"],
                    trainer.learning_rate(0),
                )
            )

    loop, _ = make_loop(stored, tmp_path, bad={6}, report=report, learning_rate_schedule="constant")
    final = loop.run()
    ((step, good, put_back, rate),) = after
    assert "step 6" in notes[0]
    assert "step 4" in notes[0]
    assert step == 7
    np.testing.assert_array_equal(put_back, good)
    assert rate == loop.trainer.settings.learning_rate / 2
    assert np.isfinite(final.held_out)
    assert not np.array_equal(put_back, loop.trainer.model.numpy_weights()["embedding"])


def test_before_the_first_evaluation_the_first_weights_are_put_back(stored, tmp_path):
    seen = []
    loop, _ = make_loop(
        stored, tmp_path, bad={2}, report=lambda p: p.note and seen.append(loop.trainer.model.numpy_weights())
    )
    first = loop.trainer.model.numpy_weights()
    loop.run()
    for name, value in seen[0].items():
        np.testing.assert_array_equal(value, first[name])


def test_three_times_and_no_more(stored, tmp_path):
    notes = []
    loop, _ = make_loop(stored, tmp_path, bad={1, 5, 9}, report=lambda progress: notes.append(progress.note))
    compute_nothing(loop)
    loop.run()
    assert len([note for note in notes if note]) == 3
    loop, _ = make_loop(stored, tmp_path / "again", bad={1, 5, 9, 10})
    compute_nothing(loop)
    with pytest.raises(TrainingError, match="step 10; train again with a lower learning_rate"):
        loop.run()


def test_a_run_that_fell_back_is_resumed_to_the_bit(stored, tmp_path):
    """Stopped between its evaluation, the segment that did harm and the next evaluation."""
    settings = {"dropout": 0.3, "ema_decay": 0.9, "gradient_accumulation_steps": 2}
    straight, _ = make_loop(stored, tmp_path / "a", bad={2, 6}, **settings)
    straight.run()
    for at in (3, 7):
        folder = tmp_path / str(at)
        press = lambda progress, at=at: progress.step == at and os.kill(os.getpid(), signal.SIGINT)  # noqa: E731
        loop, _ = make_loop(stored, folder, bad={2, 6}, report=press, **settings)
        with pytest.raises(TrainingStopped):
            loop.run()
        loop, _ = make_loop(stored, folder, bad={2, 6}, **settings)
        loop.resume(newest_checkpoint(folder))
        assert loop.trainer.step_number == at
        assert loop.trainer.rollbacks == (1 if at < 7 else 2)
        loop.run()
        for name, value in straight.trainer.tensors().items():
            np.testing.assert_array_equal(loop.trainer.tensors()[name], value, err_msg=f"{name} stopped at {at}")


def test_the_checkpoint_to_fall_back_to_is_kept(stored, tmp_path, monkeypatch):
    monkeypatch.setattr("seqgen.engine.training.loop.CHECKPOINT_SECONDS", 0.0)
    folders = []
    loop, _ = make_loop(
        stored, tmp_path, report=lambda _: folders.append(sorted(p.name[:15] for p in tmp_path.iterdir()))
    )
    loop.run()
    assert folders[6] == ["step-0000000004", "step-0000000005", "step-0000000006"]
    assert read_checkpoint(checkpoint_path(tmp_path, 12)).record.good_step == 12


def held_out_is(loop, nats):
    """Lets the evaluations of a loop find these numbers, whatever is trained."""
    compute_nothing(loop)
    values = iter(nats)
    loop.evaluator.held_out_likelihood = lambda segments: HeldOutLikelihood(next(values), 1.0)


def test_training_ends_when_held_out_data_was_not_likelier_so_many_times(stored, tmp_path):
    told = []
    loop, _ = make_loop(stored, tmp_path, 24, callbacks=[EarlyStopping(2)], report=told.append)
    held_out_is(loop, [3, 2, 2.5, 2])
    final = loop.run()
    assert (final.step, final.best, final.held_out) == (16, 2, 2)
    assert "2 evaluations" in told[-1].note
    resumed, _ = make_loop(stored, tmp_path, 24, callbacks=[EarlyStopping(2)])
    compute_nothing(resumed)
    resumed.resume(newest_checkpoint(tmp_path))
    assert resumed.run().step == 16


def test_without_patience_or_with_something_better_it_goes_on(stored, tmp_path):
    for folder, patience, nats in (("a", 0, [3, 3, 3, 3, 3, 3]), ("b", 2, [3, 3.1, 2.9, 3, 2.8, 2.9])):
        loop, _ = make_loop(stored, tmp_path / folder, 24, callbacks=[EarlyStopping(patience)])
        held_out_is(loop, nats)
        assert loop.run().step == 24


def test_the_averaged_weights_are_evaluated_and_kept(stored, tmp_path):
    loop, kept = make_loop(stored, tmp_path, 4, ema_decay=0.9)
    final = loop.run()
    held_out = loop.evaluator.held_out_likelihood(loop.held_out())
    assert final.held_out == held_out.nats
    for name, value in loop.trainer.evaluated_model.numpy_weights().items():
        np.testing.assert_array_equal(kept[name], value)
    assert not np.array_equal(kept["embedding"], loop.trainer.model.numpy_weights()["embedding"])


def test_held_out_data_that_is_not_finite_is_neither_the_best_nor_gone_back_to(stored, tmp_path):
    evaluated = []
    loop, kept = make_loop(stored, tmp_path, report=lambda progress: evaluated.append(progress))
    evaluate, calls = loop.evaluator.held_out_likelihood, []

    def ruined_at_first(segments):
        calls.append(1)
        return HeldOutLikelihood(float("nan"), 1.0) if len(calls) == 1 else evaluate(segments)

    loop.evaluator.held_out_likelihood = ruined_at_first
    final = loop.run()
    assert any(progress.note and "step 0" in progress.note for progress in evaluated)
    assert loop.trainer.rollbacks == 1
    assert np.isfinite(final.best)
    assert kept


def test_a_larger_budget_has_evaluations_and_patience_of_its_own(stored, tmp_path):
    loop, _ = make_loop(stored, tmp_path, steps=12, callbacks=[EarlyStopping(1)])
    compute_nothing(loop)
    loop.evaluator.held_out_likelihood = lambda segments: HeldOutLikelihood(1.0, 1.0)
    assert loop.run().step == 8  # the second evaluation is no better than the first
    evaluated = []
    more, _ = make_loop(
        stored,
        tmp_path,
        steps=24,
        callbacks=[EarlyStopping(1)],
        report=lambda p: evaluated.append(p.step) if p.is_evaluation else None,
    )
    compute_nothing(more)
    better = iter(np.linspace(0.9, 0.1, 9))
    more.evaluator.held_out_likelihood = lambda segments: HeldOutLikelihood(float(next(better)), 1.0)
    more.resume(newest_checkpoint(tmp_path))
    more.run()
    assert evaluated == [12, 16, 20, 24]


def test_the_good_checkpoint_before_is_kept_as_long_as_a_kept_one_needs_it(stored, tmp_path):
    loop, _ = make_loop(stored, tmp_path)
    for step, good in ((2, True), (3, False), (4, True)):
        loop.trainer.step_number = step
        loop._save_good(0.0) if good else loop._save(0.0)
    assert read_checkpoint(checkpoint_path(tmp_path, 3)).record.good_step == 2
    assert read_checkpoint(checkpoint_path(tmp_path, 2))

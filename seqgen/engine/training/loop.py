"""The training loop: steps until the budget is spent, held-out evaluations, checkpoints, and a clean stop.

The result is a pure function of the settings and of the steps. The clock decides only two things: when a checkpoint is
written, which changes nothing, and, if the budget is in seconds, how far the learning rate schedule has come.

When a loss is not finite, training rolls back to the weights of the last evaluation and halves the learning rate. The
newest checkpoint may be newer than these, but the clock decides which one that is, and a run that was killed and
resumed must roll back to the same weights as one that was not.

All workers of a group run the same loop. What the clock, a signal or a callback decides, they agree upon at each step,
or if they average their weights now and then, after each average. The chief alone writes files, reports and calls back.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqgen.engine.scoring.evaluation import Evaluator, HeldOutLikelihood
from seqgen.engine.segment import Segment
from seqgen.engine.training.callback import EvaluationCallback, metrics_of
from seqgen.engine.training.checkpoint import Checkpoint, LoopRecord, checkpoint_path, read_checkpoint, save_checkpoint
from seqgen.engine.training.progress import TrainingBudget, TrainingProgress, TrainingStopped
from seqgen.engine.training.stop_signals import stop_signals
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import SeqgenWarning, TrainingError
from seqgen.files.stored_files import StoredFileError

CHECKPOINT_SECONDS = 30.0
MAX_ROLLBACKS = 3


class _Agreement(NamedTuple):
    """What all workers know at a step: the chief's clock, and what anyone asks for."""

    fraction: float
    """The fraction of the budget that is spent."""
    seconds: float
    save: bool
    """Whether a checkpoint is due."""
    stop: bool
    """Whether a worker was asked to stop."""
    ends: bool
    """Whether the budget is spent, or a callback has ended the training."""


class TrainingLoop:
    """Trains to the end of a budget. Its checkpoints hold everything that it needs to go on."""

    def __init__(
        self,
        trainer: Trainer,
        segment_at: Callable[[int], Segment],
        held_out: Callable[[], Iterable[Segment]],
        budget: TrainingBudget,
        checkpoints: Path,
        *,
        on_best: Callable[[dict[str, np.ndarray], HeldOutLikelihood, int], None],
        report: Callable[[TrainingProgress], None],
        callbacks: Sequence[EvaluationCallback] = (),
    ) -> None:
        """Prepares a run.

        segment_at:  a pure function of the step, which returns the segment to train on, of the trainer's own streams
        held_out:    returns the segments to evaluate on; workers have different ones
        checkpoints: the folder of the checkpoints
        on_best:     receives the weights, their held-out likelihood and the step whenever an evaluation is the best
        report:      receives the progress after each step
        callbacks:   receive the metrics of each evaluation, and may end the training
        """
        self.trainer = trainer
        self.workers = trainer.workers
        self.evaluator = Evaluator(trainer.evaluated_model, self.workers)
        self.segment_at = segment_at
        self.held_out = held_out
        self.budget = budget
        self.checkpoints = checkpoints
        self.on_best = on_best
        self.report = report
        self.callbacks = callbacks
        self.evaluations_done = 0
        self.best_nats: float | None = None
        self.last_nats: float | None = None
        self.evaluations_without_improvement = 0
        self.stop_reason: str | None = None
        """Why a callback ended the training."""
        self.good_step: int | None = None
        """The step of the checkpoint to roll back to."""
        self.good_step_on_disk: int | None = None
        """The `good_step` in the newest checkpoint, which the checkpoint before it may still need."""
        self.loss_sum, self.loss_steps = 0.0, 0
        self.tokens = 0
        """Tokens of all workers since `run` began."""
        self.seconds_before = 0.0
        """Seconds that were trained before this run was resumed."""

    def resume(self, checkpoint: Checkpoint) -> None:
        """Continues from a checkpoint. Raises TrainingError if it is of another model.

        Warns if it is of another number of workers.
        """
        record = checkpoint.record
        if self.workers.is_chief and record.workers != self.workers.size:
            batch_size = self.trainer.settings.batch_size
            warnings.warn(
                f"Until step {record.step} the run had {_count(record.workers)}, and now it has "
                f"{_count(self.workers.size)}; the {batch_size} streams are shared out anew, and losses may differ by "
                "rounding from those of a run without a change.", SeqgenWarning, stacklevel=2,
            )  # fmt: skip
        self.trainer.restore(checkpoint.tensors, record.step)
        self.best_nats, self.last_nats = record.best_nats, record.last_nats
        self.good_step = self.good_step_on_disk = record.good_step
        # With a larger budget, evaluations are at other steps, and patience begins anew.
        fraction = self.budget.fraction_spent(record.step, record.seconds)
        self.evaluations_done = min(record.evaluations_done, int(fraction * self.trainer.settings.num_evaluations))
        if record.budget == tuple(self.budget):
            self.evaluations_without_improvement = record.evaluations_without_improvement
            self.stop_reason = record.stop_reason
        self.trainer.rollbacks = record.rollbacks
        self.loss_sum, self.loss_steps = record.loss_sum, record.loss_steps
        self.seconds_before = record.seconds

    def run(self) -> TrainingProgress:
        """Trains until the budget is spent or a callback ends the training. Returns the progress at the end.

        Raises TrainingStopped after Ctrl-C, WorkerLost if another worker ends, and TrainingError if the loss is not
        finite after MAX_ROLLBACKS rollbacks.
        """
        trainer, settings = self.trainer, self.trainer.settings
        if self.good_step is None:
            self._save_good(0.0)
        begun = saved = time.monotonic()
        self.tokens = 0

        def progress(is_evaluation: bool, note: str | None = None) -> TrainingProgress:
            seconds = self.seconds_before + time.monotonic() - begun
            fraction = self.budget.fraction_spent(trainer.step_number, seconds)
            loss = self.loss_sum / max(self.loss_steps, 1)
            speed = self.tokens / max(time.monotonic() - begun, 1e-9)
            return TrainingProgress(
                trainer.step_number, fraction, seconds, loss, self.last_nats, self.best_nats, speed, is_evaluation, note
            )

        with stop_signals() as stop:

            def agree() -> _Agreement:
                now = progress(False)
                return self._agree(now, save=time.monotonic() - saved > CHECKPOINT_SECONDS, stop=stop.is_set())

            while not (now := agree()).ends:
                if now.stop:
                    self._save(now.seconds)
                    raise TrainingStopped(trainer.step_number)
                if now.save:
                    self._save(now.seconds)
                    saved = time.monotonic()
                loss = self._train(now.fraction)
                if not math.isfinite(loss):
                    self._report(progress(False, self._roll_back(loss)))
                    continue
                fraction = self.budget.fraction_spent(trainer.step_number, now.seconds)
                if fraction * settings.num_evaluations >= self.evaluations_done + 1 and fraction < 1:
                    self.evaluations_done = int(fraction * settings.num_evaluations)
                    nats = self._evaluate()
                    if not math.isfinite(nats):
                        self._report(progress(False, self._roll_back(nats)))
                        continue
                    self._call_back(progress(True))
                    self._report(progress(True, f"{self.stop_reason}: training ends" if self.stop_reason else None))
                    self.loss_sum, self.loss_steps = 0.0, 0
                    # The best model is on disk now, and a run that is killed must not forget how good it is.
                    self._save_good(now.seconds)
                    saved = time.monotonic()
                else:
                    self._report(progress(False))
            if self.best_nats is None or self.good_step != trainer.step_number:
                nats = self._evaluate()
                if math.isfinite(nats):
                    self._call_back(progress(True))
                    self._report(progress(True))
                    self._save_good(progress(True).seconds)
                else:
                    self._report(progress(False, self._roll_back(nats)))
            if self.best_nats is None:
                raise TrainingError("Nothing was learned before the loss grew without end; lower learning_rate.")
        return progress(True)

    def _train(self, fraction: float) -> float:
        """Makes one step, or as many as lead to the next average of weights. Returns the loss, which may not be finite.

        The loss is in nats a token, the mean of these steps.
        """
        trainer = self.trainer
        losses: list[float] = []
        while not losses or (trainer.has_local_updates and not self._is_average_due()):
            segment = self.segment_at(trainer.step_number)
            losses.append(float(trainer.step(segment, fraction)))
            self.tokens += segment.inputs.size * self.workers.size
        loss = sum(losses)
        if trainer.has_local_updates:
            trainer.average_weights()
            loss = float(self.workers.sum_numbers([loss])[0]) / self.workers.size
        if math.isfinite(loss):
            self.loss_sum, self.loss_steps = self.loss_sum + loss, self.loss_steps + len(losses)
        return loss / len(losses)

    def _is_average_due(self) -> bool:
        """Whether the workers average their weights after the step that was made last."""
        step = self.trainer.step_number
        return step % self.trainer.settings.average_every == 0 or step == self.budget.steps

    def _agree(self, progress: TrainingProgress, *, save: bool, stop: bool) -> _Agreement:
        """Returns what all workers do next. `save` and the progress are those of the chief. Raises WorkerLost."""
        ends = progress.fraction >= 1 or self.stop_reason is not None
        numbers = np.array([progress.fraction, progress.seconds, save, ends, 0.0]) * self.workers.is_chief
        numbers[-1] = stop
        fraction, seconds, save_, ends_, stop_ = self.workers.sum_numbers(numbers).tolist()
        return _Agreement(fraction, seconds, save=save_ > 0, stop=stop_ > 0, ends=ends_ > 0)

    def _report(self, progress: TrainingProgress) -> None:
        """Reports the progress, as the chief."""
        if self.workers.is_chief:
            self.report(progress)

    def _call_back(self, progress: TrainingProgress) -> None:
        """Gives the metrics of an evaluation to all callbacks, as the chief. Keeps the reasons to end the training."""
        if not self.workers.is_chief:
            return
        metrics = metrics_of(progress, self.evaluations_without_improvement)
        reasons = [callback(metrics) for callback in self.callbacks]
        self.stop_reason = "; ".join(reason for reason in reasons if reason) or None

    def _evaluate(self) -> float:
        """Returns the nats a token of the held-out data, which may not be finite. Calls `on_best` for the best."""
        held_out = self.evaluator.held_out_likelihood(self.held_out())
        self.last_nats = held_out.nats
        if math.isfinite(held_out.nats) and (self.best_nats is None or held_out.nats < self.best_nats):
            self.best_nats, self.evaluations_without_improvement = held_out.nats, 0
            if self.workers.is_chief:
                self.on_best(self.trainer.evaluated_model.numpy_weights(), held_out, self.trainer.step_number)
        else:
            self.evaluations_without_improvement += 1
        return held_out.nats

    def _roll_back(self, loss: float) -> str:
        """Restores the weights of the last evaluation. Returns a note on it. Raises TrainingError if it cannot."""
        trainer, bad_step = self.trainer, self.trainer.step_number - 1
        assert self.good_step is not None
        if trainer.rollbacks == MAX_ROLLBACKS:
            raise TrainingError(f"The loss became {loss} at step {bad_step}; train again with a lower learning_rate.")
        path = checkpoint_path(self.checkpoints, self.good_step)
        try:
            good = read_checkpoint(path)
        except StoredFileError as error:
            raise TrainingError(
                f"The loss became {loss} at step {bad_step}, and {path}, to which training would roll back, cannot be "
                f"used ({error}); train again in another folder."
            ) from error
        trainer.roll_back(good.tensors)
        return (
            f"the loss became {loss} at step {bad_step}: weights of step {self.good_step} restored, learning rate "
            f"halved (time {trainer.rollbacks} of {MAX_ROLLBACKS})"
        )

    def _save_good(self, seconds: float) -> None:
        """Saves a checkpoint that is kept until the next good one."""
        self.good_step = self.trainer.step_number
        self._save(seconds)

    def _save(self, seconds: float) -> None:
        """Saves a checkpoint after so many seconds of training. The chief writes what it gathers from all workers."""
        tensors = self.trainer.tensors()
        step_before, self.good_step_on_disk = self.good_step_on_disk, self.good_step
        if not self.workers.is_chief:
            return
        record = LoopRecord(
            step=self.trainer.step_number,
            rollbacks=self.trainer.rollbacks,
            good_step=self.good_step,
            budget=(self.budget.steps, self.budget.seconds),
            evaluations_done=self.evaluations_done,
            best_nats=self.best_nats,
            last_nats=self.last_nats,
            evaluations_without_improvement=self.evaluations_without_improvement,
            stop_reason=self.stop_reason,
            loss_sum=self.loss_sum,
            loss_steps=self.loss_steps,
            seconds=seconds,
            workers=self.workers.size,
        )
        # If this file is damaged, the checkpoint before it is used, and that one rolls back to its own good step.
        save_checkpoint(self.checkpoints, tensors, record, {self.good_step, step_before})


def _count(workers: int) -> str:
    return f"{workers} worker{'s' if workers > 1 else ''}"

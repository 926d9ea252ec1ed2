"""The training loop: steps until the budget is spent, held-out evaluations, checkpoints, and a clean stop.

The result is a pure function of the settings and of the steps. The clock decides only two things: when a checkpoint is
written, which changes nothing, and, if the budget is in seconds, how far the learning rate schedule has come.

When a loss is not finite, training rolls back to the weights of the last evaluation and halves the learning rate. The
newest checkpoint may be newer than these, but the clock decides which one that is, and a run that was killed and
resumed must roll back to the same weights as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from seqgen.engine.scoring.evaluation import Evaluator, HeldOutLikelihood
from seqgen.engine.segment import Segment
from seqgen.engine.training.callback import EvaluationCallback, metrics_of
from seqgen.engine.training.checkpoint import Checkpoint, LoopRecord, checkpoint_path, read_checkpoint, save_checkpoint
from seqgen.engine.training.progress import TrainingBudget, TrainingProgress, TrainingStopped
from seqgen.engine.training.stop_signals import stop_signals
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import TrainingError
from seqgen.files.stored_files import StoredFileError

CHECKPOINT_SECONDS = 30.0
MAX_ROLLBACKS = 3


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

        segment_at:  a pure function of the step, which returns the segment to train on
        held_out:    returns the segments to evaluate on
        checkpoints: the folder of the checkpoints
        on_best:     receives the weights, their held-out likelihood and the step whenever an evaluation is the best
        report:      receives the progress after each step
        callbacks:   receive the metrics of each evaluation, and may end the training
        """
        self.trainer = trainer
        self.evaluator = Evaluator(trainer.evaluated_model)
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
        self.seconds_before = 0.0
        """Seconds that were trained before this run was resumed."""

    def resume(self, checkpoint: Checkpoint) -> None:
        """Continues from a checkpoint. Raises TrainingError if it is of another model."""
        record = checkpoint.record
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

        Raises TrainingStopped after Ctrl-C, and TrainingError if the loss is not finite after MAX_ROLLBACKS rollbacks.
        """
        trainer, settings = self.trainer, self.trainer.settings
        if self.good_step is None:
            self._save_good(0.0)
        begun = saved = time.monotonic()
        tokens = 0

        def progress(is_evaluation: bool, note: str | None = None) -> TrainingProgress:
            seconds = self.seconds_before + time.monotonic() - begun
            fraction = self.budget.fraction_spent(trainer.step_number, seconds)
            loss = self.loss_sum / max(self.loss_steps, 1)
            speed = tokens / max(time.monotonic() - begun, 1e-9)
            return TrainingProgress(
                trainer.step_number, fraction, seconds, loss, self.last_nats, self.best_nats, speed, is_evaluation, note
            )

        with stop_signals() as stop:
            while (now := progress(False)).fraction < 1 and self.stop_reason is None:
                if stop.is_set():
                    self._save(now.seconds)
                    raise TrainingStopped(trainer.step_number)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save(now.seconds)
                    saved = time.monotonic()
                segment = self.segment_at(trainer.step_number)
                loss = float(trainer.step(segment, now.fraction))
                if not math.isfinite(loss):
                    self.report(progress(False, self._roll_back(loss)))
                    continue
                tokens += segment.inputs.size
                self.loss_sum, self.loss_steps = self.loss_sum + loss, self.loss_steps + 1
                now = progress(False)
                if now.fraction * settings.num_evaluations >= self.evaluations_done + 1 and now.fraction < 1:
                    self.evaluations_done = int(now.fraction * settings.num_evaluations)
                    nats = self._evaluate()
                    if not math.isfinite(nats):
                        self.report(progress(False, self._roll_back(nats)))
                        continue
                    self._call_back(progress(True))
                    self.report(progress(True, f"{self.stop_reason}: training ends" if self.stop_reason else None))
                    self.loss_sum, self.loss_steps = 0.0, 0
                    # The best model is on disk now, and a run that is killed must not forget how good it is.
                    self._save_good(now.seconds)
                    saved = time.monotonic()
                else:
                    self.report(now)
            if self.best_nats is None or self.good_step != trainer.step_number:
                nats = self._evaluate()
                if math.isfinite(nats):
                    self._call_back(progress(True))
                    self.report(progress(True))
                    self._save_good(progress(True).seconds)
                else:
                    self.report(progress(False, self._roll_back(nats)))
            if self.best_nats is None:
                raise TrainingError("Nothing was learned before the loss grew without end; lower learning_rate.")
        return progress(True)

    def _call_back(self, progress: TrainingProgress) -> None:
        """Gives the metrics of an evaluation to all callbacks, and keeps the reasons to end the training."""
        metrics = metrics_of(progress, self.evaluations_without_improvement)
        reasons = [callback(metrics) for callback in self.callbacks]
        self.stop_reason = "; ".join(reason for reason in reasons if reason) or None

    def _evaluate(self) -> float:
        """Returns the nats a token of the held-out data, which may not be finite. Calls `on_best` for the best."""
        held_out = self.evaluator.held_out_likelihood(self.held_out())
        self.last_nats = held_out.nats
        if math.isfinite(held_out.nats) and (self.best_nats is None or held_out.nats < self.best_nats):
            self.best_nats, self.evaluations_without_improvement = held_out.nats, 0
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
        """Saves a checkpoint after so many seconds of training."""
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
        )
        # If this file is damaged, the checkpoint before it is used, and that one rolls back to its own good step.
        save_checkpoint(self.checkpoints, self.trainer.tensors(), record, {self.good_step, self.good_step_on_disk})
        self.good_step_on_disk = self.good_step

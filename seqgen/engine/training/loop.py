"""The training loop: steps until the budget is spent, held-out evaluation on the way, checkpoints, a clean stop.

What is learned is a pure function of settings and steps. The clock decides two things alone: when a checkpoint is
written, which changes nothing, and, where the budget is given in seconds, how far the schedule has come.

A loss that is not finite puts back the weights of the last evaluation and halves the rate. The newest checkpoint may be
newer than those, but which one that is the clock decides, and a run that was killed must fall back as one that was not.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from seqgen.engine.scoring.evaluation import Evaluator, HeldOut
from seqgen.engine.segment import Segment
from seqgen.engine.training.checkpoint import Checkpoint, checkpoint_path, read_checkpoint, save_checkpoint
from seqgen.engine.training.trainer import Trainer
from seqgen.errors import TrainingError

CHECKPOINT_SECONDS = 30.0
MOST_HALVINGS = 3


class Budget(NamedTuple):
    """How long to train: by steps, which can be repeated to the bit, or by seconds of training, which cannot."""

    steps: int | None = None
    seconds: float | None = None

    def progress(self, step: int, seconds: float) -> float:
        """How much of the budget is spent, from 0 to 1."""
        if self.steps is not None:
            return step / self.steps
        assert self.seconds is not None
        return seconds / self.seconds


class Progress(NamedTuple):
    """What training can say of itself at any step."""

    step: int
    share: float
    """Of the budget that is spent, 0 to 1."""
    seconds: float
    loss: float
    """Mean nats a token of the training data over the steps since the last evaluation."""
    held_out: float | None
    """Nats a token at the last evaluation."""
    best: float | None
    tokens_per_second: float
    evaluated: bool
    """Whether `held_out` was measured at this very step."""
    note: str | None = None
    """One line about something unusual that happened at this step."""

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the share that is spent."""
        return self.seconds * max(0.0, 1 - self.share) / self.share if self.share > 0 else None


class Stopped(Exception):
    """Training was asked to stop, and can be resumed from the checkpoint that it left."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step


class TrainingLoop:
    """Trains to the end of a budget; what it needs to go on stands in its checkpoints."""

    def __init__(
        self,
        trainer: Trainer,
        segment_at: Callable[[int], Segment],
        held_out: Callable[[], Iterable[Segment]],
        budget: Budget,
        checkpoints: Path,
        *,
        on_best: Callable[[dict[str, np.ndarray], HeldOut, int], None],
        report: Callable[[Progress], None],
    ) -> None:
        """segment_at(step) is a pure function; on_best gets the weights whenever held-out data was never likelier."""
        self.trainer = trainer
        self.evaluator = Evaluator(trainer.judged)
        self.segment_at = segment_at
        self.held_out = held_out
        self.budget = budget
        self.checkpoints = checkpoints
        self.on_best = on_best
        self.report = report
        self.evaluations = 0
        self.best: float | None = None
        self.last: float | None = None
        self.unimproved = 0
        self.good_step: int | None = None
        self.saved_good: int | None = None
        self.loss_sum, self.loss_steps = 0.0, 0
        self.seconds_before = 0.0

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint; raises TrainingError when it is of another model."""
        record = checkpoint.record
        self.trainer.restore(checkpoint.tensors, record["step"])
        self.best, self.last = record["best"], record["last"]
        self.good_step = self.saved_good = record["good_step"]
        # A larger budget has its own places for evaluations, and its own patience.
        share = self.budget.progress(record["step"], record["seconds"])
        self.evaluations = min(record["evaluations"], int(share * self.trainer.settings.num_evaluations))
        self.unimproved = record["unimproved"] if record["budget"] == list(self.budget) else 0
        self.trainer.halvings = record["halvings"]
        self.loss_sum, self.loss_steps = record["loss_sum"], record["loss_steps"]
        self.seconds_before = record["seconds"]

    def run(self) -> Progress:
        """Trains until the budget is spent, or `early_stopping_patience` evaluations in a row found nothing better.

        Raises Stopped after Ctrl-C, TrainingError when the loss is again and again not finite.
        """
        trainer, settings = self.trainer, self.trainer.settings
        if self.good_step is None:
            self._save_good(0.0)
        begun = saved = time.monotonic()
        tokens = 0

        def progress(evaluated: bool, note: str | None = None) -> Progress:
            seconds = self.seconds_before + time.monotonic() - begun
            speed = tokens / max(time.monotonic() - begun, 1e-9)
            loss = self.loss_sum / max(self.loss_steps, 1)
            share = self.budget.progress(trainer.step_number, seconds)
            return Progress(trainer.step_number, share, seconds, loss, self.last, self.best, speed, evaluated, note)

        with stop_signals() as stop:
            while (now := progress(False)).share < 1 and not self.exhausted:
                if stop.is_set():
                    self._save(now.seconds)
                    raise Stopped(trainer.step_number)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save(now.seconds)
                    saved = time.monotonic()
                segment = self.segment_at(trainer.step_number)
                loss = float(trainer.step(segment, now.share))
                if not math.isfinite(loss):
                    self.report(progress(False, self._fall_back(loss)))
                    continue
                tokens += segment.inputs.size
                self.loss_sum, self.loss_steps = self.loss_sum + loss, self.loss_steps + 1
                now = progress(False)
                if now.share * settings.num_evaluations >= self.evaluations + 1 and now.share < 1:
                    self.evaluations = int(now.share * settings.num_evaluations)
                    held_out = self._evaluate()
                    if not math.isfinite(held_out):
                        self.report(progress(False, self._fall_back(held_out)))
                        continue
                    patience = settings.early_stopping_patience
                    note = f"no better for {patience} evaluations: training ends" if self.exhausted else None
                    self.report(progress(True, note))
                    self.loss_sum, self.loss_steps = 0.0, 0
                    # The best model is on disk now; a run that is killed must not forget how good it is.
                    self._save_good(now.seconds)
                    saved = time.monotonic()
                else:
                    self.report(now)
            if self.last is None or self.good_step != trainer.step_number:
                held_out = self._evaluate()
                if math.isfinite(held_out):
                    self.report(progress(True))
                    self._save_good(progress(True).seconds)
                else:
                    self.report(progress(False, self._fall_back(held_out)))
            if self.best is None:
                raise TrainingError("Nothing was learned before the loss grew without end; lower learning_rate.")
        return progress(True)

    @property
    def exhausted(self) -> bool:
        """Whether `early_stopping_patience` evaluations in a row found nothing better."""
        return 0 < self.trainer.settings.early_stopping_patience <= self.unimproved

    def _evaluate(self) -> float:
        """Nats a token of the held-out data, which may be no number; whoever is told of the best one is told."""
        held_out = self.evaluator.evaluate(self.held_out())
        self.last = held_out.nats
        if math.isfinite(held_out.nats) and (self.best is None or held_out.nats < self.best):
            self.best, self.unimproved = held_out.nats, 0
            self.on_best(self.trainer.judged.numpy(), held_out, self.trainer.step_number)
        else:
            self.unimproved += 1
        return held_out.nats

    def _fall_back(self, loss: float) -> str:
        """Goes back to the weights of the last evaluation, and says so; raises TrainingError when that was in vain."""
        trainer, bad = self.trainer, self.trainer.step_number - 1
        assert self.good_step is not None
        good = read_checkpoint(checkpoint_path(self.checkpoints, self.good_step))
        if good is None or trainer.halvings == MOST_HALVINGS:
            raise TrainingError(f"The loss became {loss} at step {bad}; train again with a lower learning_rate.")
        trainer.fall_back(good.tensors)
        return (
            f"the loss became {loss} at step {bad}: weights of step {self.good_step} put back, learning rate halved "
            f"(time {trainer.halvings} of {MOST_HALVINGS})"
        )

    def _save_good(self, seconds: float) -> None:
        """Saves a checkpoint that is kept until the next good one."""
        self.good_step = self.trainer.step_number
        self._save(seconds)

    def _save(self, seconds: float) -> None:
        record: dict[str, Any] = {
            "step": self.trainer.step_number,
            "halvings": self.trainer.halvings,
            "good_step": self.good_step,
            "budget": list(self.budget),
            "evaluations": self.evaluations,
            "best": self.best,
            "last": self.last,
            "unimproved": self.unimproved,
            "loss_sum": self.loss_sum,
            "loss_steps": self.loss_steps,
            "seconds": seconds,
        }
        # Should this file be damaged, the one before serves, and goes back to the checkpoint that was good then.
        save_checkpoint(self.checkpoints, self.trainer.tensors(), record, {self.good_step, self.saved_good})
        self.saved_good = self.good_step


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (or SIGTERM) sets, so that a step is never cut in half; the second one interrupts.

    Signals reach only the main thread of Python; elsewhere the event is never set.
    """
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

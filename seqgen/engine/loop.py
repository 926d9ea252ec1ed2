"""The training loop: steps until the budget is spent, held-out evaluation on the way, checkpoints, a clean stop.

What is learned is a pure function of settings and steps. The clock decides two things alone: when a checkpoint is
written, which changes nothing, and, where the budget is given in seconds, how far the schedule has come.
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

from seqgen.engine.checkpoint import Checkpoint, save_checkpoint
from seqgen.engine.evaluation import Evaluator, HeldOut
from seqgen.engine.segment import Segment
from seqgen.engine.training import Trainer
from seqgen.errors import TrainingError

CHECKPOINT_SECONDS = 30.0


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

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the share that is spent."""
        return self.seconds * (1 - self.share) / self.share if self.share > 0 else None


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
        self.evaluator = Evaluator(trainer.model)
        self.segment_at = segment_at
        self.held_out = held_out
        self.budget = budget
        self.checkpoints = checkpoints
        self.on_best = on_best
        self.report = report
        self.evaluations = 0
        self.best: float | None = None
        self.last: float | None = None
        self.loss_sum, self.loss_steps = 0.0, 0
        self.seconds_before = 0.0

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on from a checkpoint; raises TrainingError when it is of another model."""
        record = checkpoint.record
        self.trainer.restore(checkpoint.tensors, record["step"])
        self.evaluations, self.best, self.last = record["evaluations"], record["best"], record["last"]
        self.loss_sum, self.loss_steps = record["loss_sum"], record["loss_steps"]
        self.seconds_before = record["seconds"]

    def run(self) -> Progress:
        """Trains until the budget is spent. Raises Stopped after Ctrl-C, TrainingError when the loss is not finite."""
        trainer, tokens = self.trainer, self.trainer.settings.streams * self.trainer.settings.segment
        begun = saved = time.monotonic()
        first_step = trainer.step_number

        def progress(evaluated: bool) -> Progress:
            seconds = self.seconds_before + time.monotonic() - begun
            done = trainer.step_number - first_step
            speed = done * tokens / max(time.monotonic() - begun, 1e-9)
            loss = self.loss_sum / max(self.loss_steps, 1)
            share = self.budget.progress(trainer.step_number, seconds)
            return Progress(trainer.step_number, share, seconds, loss, self.last, self.best, speed, evaluated)

        with stop_signals() as stop:
            while (now := progress(False)).share < 1:
                if stop.is_set():
                    self._save(now.seconds)
                    raise Stopped(trainer.step_number)
                if time.monotonic() - saved > CHECKPOINT_SECONDS:
                    self._save(now.seconds)
                    saved = time.monotonic()
                loss = float(trainer.step(self.segment_at(trainer.step_number), now.share))
                if not math.isfinite(loss):
                    raise TrainingError(
                        f"The loss became {loss} at step {trainer.step_number}; train again with a lower learning_rate."
                    )
                self.loss_sum, self.loss_steps = self.loss_sum + loss, self.loss_steps + 1
                now = progress(False)
                if now.share * trainer.settings.evaluations >= self.evaluations + 1 and now.share < 1:
                    self.evaluations = int(now.share * trainer.settings.evaluations)
                    self._evaluate()
                    self.report(progress(True))
                    self.loss_sum, self.loss_steps = 0.0, 0
                    # The best model is on disk now; a run that is killed must not forget how good it is.
                    self._save(now.seconds)
                    saved = time.monotonic()
                else:
                    self.report(now)
            self._evaluate()
            final = progress(True)
            self.report(final)
            self._save(final.seconds)
        return final

    def _evaluate(self) -> None:
        held_out = self.evaluator.evaluate(self.held_out())
        self.last = held_out.nats
        if self.best is None or held_out.nats < self.best:
            self.best = held_out.nats
            self.on_best(self.trainer.model.numpy(), held_out, self.trainer.step_number)

    def _save(self, seconds: float) -> None:
        record: dict[str, Any] = {
            "step": self.trainer.step_number,
            "evaluations": self.evaluations,
            "best": self.best,
            "last": self.last,
            "loss_sum": self.loss_sum,
            "loss_steps": self.loss_steps,
            "seconds": seconds,
        }
        save_checkpoint(self.checkpoints, self.trainer.tensors(), record)


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

"""How long a training goes on, and what it reports on its way."""

from __future__ import annotations

from typing import NamedTuple


class TrainingBudget(NamedTuple):
    """How long to train: a number of steps, which repeats to the bit, or of seconds, which does not."""

    steps: int | None = None
    seconds: float | None = None

    def fraction_spent(self, step: int, seconds: float) -> float:
        """Returns the fraction of the budget that is spent after so many steps and seconds; 1 or more is all of it."""
        if self.steps is not None:
            return step / self.steps
        assert self.seconds is not None
        return seconds / self.seconds


class TrainingProgress(NamedTuple):
    """What training reports at a step."""

    step: int
    fraction: float
    """The fraction of the budget that is spent, 0 to 1."""
    seconds: float
    loss: float
    """Mean nats a token of the training data over the steps since the last evaluation."""
    held_out: float | None
    """Nats a token of the held-out data at the last evaluation."""
    best: float | None
    """The lowest `held_out` so far."""
    tokens_per_second: float
    is_evaluation: bool
    """Whether `held_out` was measured at this very step."""
    note: str | None = None
    """One line about something unusual that happened at this step."""
    unit: str = "token"
    """What one token is called, such as "letter"."""

    @property
    def seconds_left(self) -> float | None:
        """An estimate from the fraction that is spent; None at the beginning."""
        return self.seconds * max(0.0, 1 - self.fraction) / self.fraction if self.fraction > 0 else None


class TrainingStopped(Exception):
    """Training was asked to stop. It can be resumed from the checkpoint that it wrote."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped at step {step}")
        self.step = step

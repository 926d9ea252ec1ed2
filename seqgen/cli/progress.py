"""Progress on standard error: bars and live lines on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from seqgen.cli.output import literal, print_message

if TYPE_CHECKING:
    from seqgen.engine.training.progress import TrainingProgress


@contextmanager
def build_progress() -> Iterator[Callable[[int, int, str], None]]:
    """Yields a callback (done, total, unit) for a build: a bar on a terminal, a line for each tenth elsewhere."""
    if not sys.stderr.isatty():
        yield print_tenths
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("reading {task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, Any] = {}

    def update(done: int, total: int, unit: str) -> None:
        if unit not in tasks:
            tasks[unit] = bar.add_task(unit)
        bar.start()
        bar.update(tasks[unit], completed=done, total=total or None)
        if done == total:
            bar.stop()

    try:
        yield update
    finally:
        bar.stop()


def print_tenths(done: int, total: int, unit: str) -> None:
    """Prints a line when another tenth of `total` is done, or at each call if the total is not known."""
    if not total:
        print_message(f"{done} {unit}")
    elif done == total or done * 10 // total != (done - 1) * 10 // total:
        print_message(f"read {done} of {total} {unit}")


@contextmanager
def train_progress() -> Iterator[Callable[[TrainingProgress], None]]:
    """Yields a callback for training: a line that changes on a terminal, a line for each evaluation elsewhere."""
    if not sys.stderr.isatty():
        yield print_evaluation
        return
    from rich.console import Console
    from rich.live import Live

    live = Live(console=Console(stderr=True), refresh_per_second=4, transient=True)

    def update(progress: TrainingProgress) -> None:
        # The line starts with the first step: before that, the bar of the build has the terminal.
        live.start()
        live.update(literal(describe(progress)))
        if progress.is_evaluation:
            live.console.print(literal(describe(progress)))
        if progress.note:
            live.console.print(literal(progress.note))

    try:
        yield update
    finally:
        live.stop()


def print_evaluation(progress: TrainingProgress) -> None:
    """Prints the first step, each evaluation and each note of the training loop."""
    if progress.is_evaluation or progress.step == 1:
        print_message(describe(progress))
    if progress.note:
        print_message(progress.note)


def describe(progress: TrainingProgress) -> str:
    """Returns one line: the share that is done, the losses, the speed and the time left."""
    parts = [f"{100 * min(progress.fraction, 1):3.0f} %", f"step {progress.step:,}", f"loss {progress.loss:.4f}"]
    if progress.held_out is not None:
        parts += [f"held-out {progress.held_out:.4f}", f"best {progress.best:.4f}"]
    parts += [f"nats/{progress.unit}", f"{progress.tokens_per_second:,.0f} {progress.unit}s/s"]
    if progress.seconds_left is not None:
        minutes, seconds = divmod(int(progress.seconds_left), 60)
        parts.append(f"{minutes}:{seconds:02} left")
    return "  ".join(parts)

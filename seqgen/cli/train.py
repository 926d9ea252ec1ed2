"""seqgen train: from files to a trained model, with a live line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqgen.cli.common import build_progress, set_option, test_option, valid_option
from seqgen.errors import UsageError

if TYPE_CHECKING:
    from seqgen.engine.training.loop import Progress


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--domain", help="What kind of data it is ('seqgen domains'); a recipe or corpus knows.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The run's folder.")
@click.option("--size", help="tiny, small (default), medium or large.")
@click.option("--minutes", type=float, help="How long to train; 10 where nothing is said.")
@click.option("--steps", type=int, help="How long to train, in steps: this can be repeated to the bit.")
@click.option("--resume", is_flag=True, help="Go on where the run stopped, if it has begun.")
@click.option(
    "--from",
    "start",
    type=click.Path(path_type=Path),
    help="Begin with this trained model: a run, a bundle, or a name.",
)
@valid_option
@test_option
@set_option
@click.pass_context
def train(context: click.Context, sources: tuple[str, ...], domain: str | None, out: Path, size: str | None,
          minutes: float | None, steps: int | None, resume: bool, start: Path | None,
          valid: tuple[str, ...], test: tuple[str, ...], settings: dict[str, str]) -> None:  # fmt: skip
    """Train on SOURCES: files, folders, archives, one recipe, or one corpus that 'build' made.

    --set reaches the settings of the domain, of the model (width, layers, attention_memory …) and of the training
    (streams, segment, learning_rate, dropout …).
    """
    if not sources and not resume:
        raise UsageError("There is nothing to train on; name files, folders or a recipe ('seqgen corpora' lists them).")
    from seqgen.engine.training.loop import Stopped
    from seqgen.workflows.train import train as train_model

    try:
        with build_progress() as building, live_line() as report:
            trained = train_model(
                sources, out, domain=domain, settings=settings, size=size, minutes=minutes, steps=steps, resume=resume,
                start=start, valid=valid, test=test, build_progress=building,
                report=report,
            )  # fmt: skip
    except Stopped as stopped:
        click.echo(f"Stopped at step {stopped.step}; the same command with --resume goes on from there.", err=True)
        context.exit(1)
    result, unit = trained.bundle.config["result"], trained.domain.unit
    click.echo(f"Trained {trained.model.parameters:,} parameters: {result['held_out_nats']:.4f} nats a {unit} on "
               f"held-out data (best, at step {result['step']}). The model is in {out}.")  # fmt: skip


@contextmanager
def live_line() -> Iterator[Callable[[Progress], None]]:
    """A callback for training: one line that changes on a terminal, a line an evaluation elsewhere."""
    if not sys.stderr.isatty():

        def tell(progress: Progress) -> None:
            if progress.evaluated or progress.step == 1:
                click.echo(describe(progress), err=True)
            if progress.note:
                click.echo(progress.note, err=True)

        yield tell
        return
    from rich.console import Console
    from rich.live import Live

    live = Live(console=Console(stderr=True), refresh_per_second=4, transient=True)

    def change(progress: Progress) -> None:
        # Started only now: while files are read, their bar has the terminal.
        live.start()
        live.update(describe(progress))
        if progress.evaluated:
            live.console.print(describe(progress))
        if progress.note:
            live.console.print(progress.note)

    try:
        yield change
    finally:
        live.stop()


def describe(progress: Progress) -> str:
    """One line: how far, how good, how fast, how long still."""
    left = progress.seconds_left
    held_out = "" if progress.held_out is None else f"held-out {progress.held_out:.4f}  best {progress.best:.4f}  "
    return (
        f"{100 * min(progress.share, 1):3.0f} %  step {progress.step:,}  loss {progress.loss:.4f}  {held_out}"
        f"nats/token  {progress.tokens_per_second:,.0f} tokens/s  "
        f"{'' if left is None else f'{int(left) // 60}:{int(left) % 60:02} left'}"
    )

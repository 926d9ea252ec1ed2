"""seqgen train: from files to a trained model, with a live line."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.options import set_option, test_option, valid_option
from seqgen.cli.progress import build_progress, train_progress
from seqgen.errors import UsageError


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
def command(context: click.Context, sources: tuple[str, ...], domain: str | None, out: Path, size: str | None,
            minutes: float | None, steps: int | None, resume: bool, start: Path | None,
            valid: tuple[str, ...], test: tuple[str, ...], settings: dict[str, str]) -> None:  # fmt: skip
    """Train on SOURCES: files, folders, archives, one recipe, or one corpus that 'build' made.

    --set reaches the settings of the domain, of the model (hidden_size, num_layers, attention_window …) and of the
    training (batch_size, bptt_length, learning_rate, dropout …).
    """
    if not sources and not resume:
        raise UsageError("There is nothing to train on; name files, folders or a recipe ('seqgen corpora' lists them).")
    from seqgen.engine.training.loop import Stopped
    from seqgen.workflows.train import train

    try:
        with build_progress() as building, train_progress() as report:
            trained = train(
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

"""seqgen train: trains a model on files, a recipe or a corpus, and shows its progress."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.corpus_report import print_corpus
from seqgen.cli.options import set_option, test_option, valid_option
from seqgen.cli.output import print_line, print_message
from seqgen.cli.progress import build_progress, train_progress
from seqgen.errors import UsageError


@click.command()
@click.argument("sources", nargs=-1, type=click.Path())
@click.option("--domain", help="The kind of data (see 'seqgen domains'). A recipe or a corpus names its own.")
@click.option("-o", "--out", required=True, type=click.Path(), help="The folder of the run.")
@click.option("--size", help="The size of the model: tiny, small, medium or large.  [default: small]")
@click.option("--minutes", type=float, help="How long to train.  [default: 10]")
@click.option(
    "--steps", type=int, help="How long to train, in steps. On as many cores, such a run can be repeated bit for bit."
)
@click.option("--resume", is_flag=True, help="Continue the run in the folder, if there is one.")
@click.option("--from", "init_from", type=click.Path(path_type=Path),
              help="Start with the weights of this model: a run, a bundle, or a name.")  # fmt: skip
@click.option("--workers", metavar="N|ADDRESSES",
              help="Train with N processes of this machine; or the addresses of all workers, host:port,host:port, each "
              "of which runs this command with its own --rank.")  # fmt: skip
@click.option("--rank", type=int, help="Which of the addresses in --workers this process has, from 0 on.")
@valid_option
@test_option
@set_option
@click.pass_context
def command(context: click.Context, sources: tuple[str, ...], domain: str | None, out: str, size: str | None,
            minutes: float | None, steps: int | None, resume: bool, init_from: Path | None,
            workers: str | None, rank: int | None,
            valid: tuple[str, ...], test: tuple[str, ...], settings: dict[str, str]) -> None:  # fmt: skip
    """Train a model on SOURCES.

    SOURCES are files, folders, archives, the name of one recipe, or one corpus that 'build' made, here or at an address
    such as s3://bucket/corpus. --set reaches the
    settings of the domain, of the model (hidden_size, num_layers, attention_window …) and of the training (batch_size,
    bptt_length, learning_rate, dropout …).
    """
    if not sources and not resume:
        raise UsageError("There is nothing to train on; name files, folders or a recipe ('seqgen corpora' lists them).")
    from seqgen.engine.training.progress import TrainingStopped
    from seqgen.workflows.train import train

    try:
        with build_progress() as reading, train_progress() as report:
            trained = train(
                sources,
                out,
                domain=domain,
                settings=settings,
                size=size,
                minutes=minutes,
                steps=steps,
                resume=resume,
                init_from=init_from,
                valid=valid,
                test=test,
                build_progress=reading,
                train_progress=report,
                report_corpus=print_corpus,
                workers=_parse_workers(workers),
                rank=rank,
            )
    except TrainingStopped as stopped:
        print_message(f"Stopped at step {stopped.step}; the same command with --resume continues from there.")
        context.exit(1)
    result, unit = trained.bundle.config["result"], trained.domain.unit
    print_line(
        f"Trained {trained.model.num_parameters:,} parameters: {result['held_out_nats']:.4f} nats a {unit} on held-out "
        f"data (best, at step {result['step']}). The model is in {out}."
    )


def _parse_workers(text: str | None) -> int | list[str] | None:
    """Returns a number of workers, or their addresses."""
    if text is None:
        return None
    return int(text) if text.isdecimal() else text.split(",")

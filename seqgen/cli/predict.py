"""seqgen predict: the domain's answer for each document of given files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from seqgen.cli.common import print_json
from seqgen.errors import UsageError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, metavar="[FILE]…", type=click.Path(path_type=Path))
@click.option(
    "--text", "texts", multiple=True, help="A document itself, in domains over text. Can be given many times."
)
@click.option("--explain", is_flag=True, help="Say what in each document spoke for its answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a document, a line each.")
@click.pass_context
def predict(context: click.Context, run: Path, files: tuple[Path, ...], texts: tuple[str, ...], explain: bool,
            as_json: bool) -> None:  # fmt: skip
    """What the model in RUN says of each document: its label, its translation, what comes next.

    FILEs are read as training data is, but nothing in them has to be labelled. Answers are printed in the order of the
    documents, as they come.
    """
    if not (files or texts):
        raise UsageError("There is nothing to predict for; name files, or give a --text.")
    from seqgen.workflows.load import load

    trained = load(run)
    for kind, sources in (("file", files), ("text", texts)):
        for source in sources:
            told = partial(_tell, source)
            for answer in trained.predict(source, explain=explain, told=told):
                if as_json:
                    print_json({kind: str(source), **answer.values})
                else:
                    click.echo(answer.text)


def _tell(source: Path | str, what: str, count: int) -> None:
    """Says beside the answers what of a file has none, or was guessed."""
    click.echo(f"{source}: {count} × {what}", err=True)

"""seqgen predict: the domain's answer for each document of given files."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.common import bundled_only, print_json


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("sources", nargs=-1, required=True, metavar="FILE…")
@click.option("--explain", is_flag=True, help="Say what in each document spoke for its answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a document, a line each.")
@click.pass_context
def predict(context: click.Context, run: Path, sources: tuple[str, ...], explain: bool, as_json: bool) -> None:
    """What the model in RUN says of each document: its label, its translation, what comes next.

    FILEs are read as training data is; in the domain 'text' and in others over text, one can be a text itself. Answers
    are printed in the order of the documents, as they come.
    """
    from seqgen.trained import load

    trained = load(run, bundled_only=bundled_only(context))
    for source in sources:
        for answer in trained.predict(source, explain=explain):
            if as_json:
                print_json({"file": source, **answer.values})
            else:
                click.echo(answer.text)

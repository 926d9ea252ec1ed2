"""seqgen predict: prints the domain's answer for each document."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from seqgen.cli.output import print_json, print_lines, print_message
from seqgen.errors import UsageError


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, metavar="[FILE]…", type=click.Path(path_type=Path))
@click.option("--text", "texts", multiple=True, help="A document as text, in domains over text. Repeat it for more.")
@click.option("--explain", is_flag=True, help="Print what in each document led to its answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one line with a JSON object for each document.")
def command(run: Path, files: tuple[Path, ...], texts: tuple[str, ...], explain: bool,
            as_json: bool) -> None:  # fmt: skip
    """Print the model's answer for each document, such as its label.

    FILEs are read like training data, but they need no labels. The answers are printed in the order of the documents.
    """
    if not (files or texts):
        raise UsageError("There is nothing to predict for; name files, or give a --text.")
    from seqgen.workflows.load import load

    trained = load(run)
    for kind, sources in (("file", files), ("text", texts)):
        for source in sources:
            for answer in trained.predict(source, explain=explain, on_remark=partial(print_remark, source)):
                if as_json:
                    print_json({kind: str(source), **answer.values})
                else:
                    print_lines(answer.text)


def print_remark(source: Path | str, remark: str, count: int) -> None:
    """Prints beside the answers what a source has no answer for, or what was guessed."""
    print_message(f"{source}: {count} × {remark}")

"""seqgen export: writes a trained model for programs that have no seqgen."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.options import json_option, set_option
from seqgen.cli.output import print_json, print_line


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--to", "target", required=True, metavar="FORMAT",
              help="savedmodel (TensorFlow), tflite (LiteRT), onnx, or html: a page that draws.")  # fmt: skip
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Write to this folder.")
@click.option(
    "--prompt", type=click.Path(), metavar="FILE|TEXT", help="What every sample begins with that is drawn elsewhere."
)
@set_option
@json_option
def command(run: Path, target: str, out: Path, prompt: str | None, settings: dict[str, str], as_json: bool) -> None:
    """Write the model in RUN for another program.

    The result is one step of the model, from a token and a state to the logits of the next token and a new state, and
    the tables that a program needs beside it; or, with --to html, a page that draws in a browser, without a server and
    without a network. --set asks for something that every sample has, as for 'sample'.
    """
    from seqgen.files import remove_unfinished
    from seqgen.workflows.load import load

    trained = load(run)
    remove_unfinished(out)
    files = trained.export(out, target, constraints=settings, prompt=prompt)
    if as_json:
        print_json({"files": [str(path) for path in files]})
    else:
        for path in files:
            print_line(path)

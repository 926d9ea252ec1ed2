"""seqgen merge: joins the parts of a corpus that several machines have read."""

from __future__ import annotations

import click

from seqgen.cli.corpus_report import print_corpus
from seqgen.cli.options import json_option
from seqgen.cli.output import print_json
from seqgen.cli.progress import build_progress


@click.command()
@click.argument("parts", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--out", required=True, type=click.Path(), help="The new folder of the corpus.")
@json_option
def command(parts: tuple[str, ...], out: str, as_json: bool) -> None:
    """Join PARTS, the folders that 'seqgen build --part' made, to a corpus.

    If the vocabulary is learned from the data, the first call learns it from all parts. Then repeat each 'seqgen build
    --part', which encodes its part, and call this command once more.
    """
    from seqgen.workflows.build import merge

    with build_progress() as progress:
        corpus = merge(parts, out, progress=progress)
    if as_json:
        splits = None if corpus is None else corpus.manifest["splits"]
        print_json({"path": out, "is_complete": corpus is not None, "splits": splits})
    elif corpus is None:
        click.echo("The vocabulary is learned. Repeat each 'seqgen build --part', and then this call.")
    else:
        print_corpus(corpus, out)

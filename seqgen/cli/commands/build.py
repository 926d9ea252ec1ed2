"""seqgen build: turns files, archives or a recipe into a corpus."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.corpus_report import print_corpus
from seqgen.cli.options import json_option, set_option, test_option, valid_option
from seqgen.cli.output import print_json
from seqgen.cli.progress import build_progress


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path())
@click.option("--domain", help="The kind of data (see 'seqgen domains'). A recipe names its own.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The new folder of the corpus.")
@valid_option
@test_option
@set_option
@json_option
def command(sources: tuple[str, ...], domain: str | None, out: Path, valid: tuple[str, ...],
            test: tuple[str, ...], settings: dict[str, str], as_json: bool) -> None:  # fmt: skip
    """Turn SOURCES into a corpus to train on.

    SOURCES are files, folders, zip and tar archives, or the name of one recipe ('seqgen corpora' lists them).
    If a build is interrupted, the same command continues it.
    """
    from seqgen.workflows.build import build

    with build_progress() as progress:
        corpus = build(
            sources,
            out,
            domain=domain,
            settings=settings,
            valid=valid,
            test=test,
            progress=progress,
        )
    if as_json:
        reasons = {name: getattr(corpus, name) for name in ("dropped", "remarks", "examples")}
        print_json({"path": str(corpus.path), "splits": corpus.manifest["splits"], **reasons})
    else:
        print_corpus(corpus)

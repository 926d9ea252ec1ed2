"""seqgen build: files, archives or a recipe become a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from seqgen.cli.common import (
    build_progress,
    json_option,
    print_json,
    set_option,
    table,
    test_option,
    valid_option,
)

if TYPE_CHECKING:
    from seqgen.corpus.storage.store import Corpus


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--domain", help="What kind of data it is ('seqgen domains'); a recipe knows.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The corpus' folder, a new one.")
@valid_option
@test_option
@set_option
@json_option
@click.pass_context
def build(context: click.Context, sources: tuple[str, ...], domain: str | None, out: Path, valid: tuple[str, ...],
          test: tuple[str, ...], settings: dict[str, str], as_json: bool) -> None:  # fmt: skip
    """Turn SOURCES (files, folders, zip and tar archives, or one recipe) into shards that can be trained on.

    What was interrupted goes on where it was when the same command is given again.
    """
    from seqgen.workflows.build import build as build_corpus

    with build_progress() as progress:
        corpus = build_corpus(
            sources, out, domain=domain, settings=settings, valid=valid, test=test,
            progress=progress,
        )  # fmt: skip
    if as_json:
        told = {name: getattr(corpus, name) for name in ("dropped", "remarks", "examples")}
        print_json({"path": str(corpus.path), "splits": corpus.manifest["splits"], **told})
        return
    show(corpus)


def show(corpus: Corpus) -> None:
    """Prints what was kept and what was dropped, and why."""
    splits = corpus.manifest["splits"]
    rows = [[name, str(part["documents"]), str(part["tokens"])] for name, part in splits.items()]
    table(f"Corpus {corpus.path}", ["kept", "documents", "tokens"], rows)
    if corpus.dropped:
        reasons = [[reason, str(count), "\n".join(corpus.examples[reason])] for reason, count in corpus.dropped.items()]
        table("", ["dropped because", "number", "such as"], reasons)
    if corpus.remarks:
        table("", ["to know", "number"], [[remark, str(count)] for remark, count in corpus.remarks.items()])

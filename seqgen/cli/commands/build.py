"""seqgen build: turns files, archives or a recipe into a corpus."""

from __future__ import annotations

import click

from seqgen.cli.corpus_report import print_corpus
from seqgen.cli.options import json_option, set_option, test_option, valid_option
from seqgen.cli.output import print_json
from seqgen.cli.progress import build_progress
from seqgen.errors import UsageError

MAX_PART_LENGTH = 24


def parse_part(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Returns the number of a part and the number of parts, of "I/N". Raises UsageError."""
    if value is None:
        return None
    number, slash, count = value.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and len(value) < MAX_PART_LENGTH):
        raise UsageError(f"--part takes I/N, such as 2/8, not {value[:MAX_PART_LENGTH]!r}.")
    return int(number), int(count)


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path())
@click.option("--domain", help="The kind of data (see 'seqgen domains'). A recipe names its own.")
@click.option("-o", "--out", required=True, type=click.Path(), help="The new folder of the corpus.")
@valid_option
@test_option
@set_option
@click.option("--part", metavar="I/N", callback=parse_part, help="Read only part I of N; 'seqgen merge' joins them.")
@click.option("--on", metavar="ADDRESS", help="Read on a Dask cluster, such as tcp://host:8786, or local:4.")
@json_option
def command(sources: tuple[str, ...], domain: str | None, out: str, valid: tuple[str, ...], test: tuple[str, ...],
            settings: dict[str, str], part: tuple[int, int] | None, on: str | None,
            as_json: bool) -> None:  # fmt: skip
    """Turn SOURCES into a corpus to train on.

    SOURCES are files, folders, zip and tar archives, or the name of one recipe ('seqgen corpora' lists them).
    They and the corpus may be addresses such as s3://bucket/folder, which needs the extra 'remote'.
    If a build is interrupted, the same command continues it.

    With --part, several machines read one part each into a folder of its own, and 'seqgen merge' joins the parts.
    With --on, the workers of a Dask cluster read the files; all machines must see SOURCES and the folder of the corpus.
    The corpus is the same to the byte in all three cases.
    """
    from seqgen.workflows.build import build, build_part

    if part and on:
        raise UsageError("A part is read on this machine; leave out --on or --part.")
    with build_progress() as progress:
        if part:
            task = build_part(
                sources, out, *part, domain=domain, settings=settings, valid=valid, test=test, progress=progress
            )
        else:
            corpus = build(
                sources, out, domain=domain, settings=settings, valid=valid, test=test, on=on, progress=progress
            )
    if part:
        print_part(out, part, task, as_json)
    elif as_json:
        reasons = {name: getattr(corpus, name) for name in ("dropped", "remarks", "examples")}
        print_json({"path": out, "splits": corpus.manifest["splits"], **reasons})
    else:
        print_corpus(corpus, out)


def print_part(out: str, part: tuple[int, int], task: str, as_json: bool) -> None:
    """Prints that a part is read, and what comes next."""
    if as_json:
        print_json({"path": str(out), "part": part[0], "parts": part[1], "is_encoded": task == "encode"})
    elif task == "encode":
        click.echo(f"Part {part[0]} of {part[1]} is in {out}. 'seqgen merge' joins all parts.")
    else:
        click.echo(
            f"Part {part[0]} of {part[1]} is in {out}. The vocabulary is learned from all parts: when all are read, "
            "call 'seqgen merge', and repeat this call then."
        )

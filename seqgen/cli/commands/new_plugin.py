"""seqgen new-plugin: writes a plugin to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from seqgen.cli.output import print_line


@click.command()
@click.argument("name")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--with", "stubs", default="", metavar="A,B",
              help="Add stubs that work: constraints, prompting, display, prediction, metrics, deduplication, "
              "training, learning, reading.")  # fmt: skip
def command(name: str, folder: Path | None, stubs: str) -> None:
    """Write a new plugin for the domain NAME that works, to begin with.

    It is written to DIR, or to the new folder seqgen-NAME. Its README.md says how to install, test and train it.
    """
    from seqgen.workflows.new_plugin import new_plugin

    folder = folder or Path(f"seqgen-{name.replace('_', '-')}")
    for path in new_plugin(name, folder, [stub.strip() for stub in stubs.split(",") if stub.strip()]):
        print_line(path)
    print_line(f"Go on with {folder}/README.md.")

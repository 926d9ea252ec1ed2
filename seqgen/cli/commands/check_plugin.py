"""seqgen check-plugin: tries a domain against the contract."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from seqgen.cli.options import set_option
from seqgen.cli.output import print_line


@click.command()
@click.argument("name")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="[FILE]…")
@click.option("--inexact", is_flag=True, help="Several documents may stand for one item.")
@click.option(
    "--documents", default=100, show_default=True, type=click.IntRange(1), help="How many random documents are tried."
)
@set_option
def command(name: str, files: tuple[Path, ...], inexact: bool, documents: int, settings: dict[str, str]) -> None:
    """Check that the domain NAME keeps the laws of the contract.

    FILEs are files that the domain can read. Without them, items, written files and most capabilities are not checked.
    If the domain predicts, a tiny model is trained on them, which takes some seconds. The first law that is broken is
    printed with its smallest example.
    """
    from seqgen.contract.discovery import load_domain
    from seqgen.contract.testing import check_predictions, laws
    from seqgen.errors import PluginError

    kind = load_domain(name)
    domain = kind(kind.Settings.from_mapping(settings))

    def run(law: str, check: Callable[[], None]) -> None:
        try:
            check()
        except AssertionError as error:
            raise PluginError(f"The plugin {domain.plugin} breaks a law of the contract ({law}): {error}.") from error
        print_line(f"{law}: kept")

    for law, check in laws(domain, files, walks=documents, seed=0, exact=not inexact, constraints=()):
        run(law, check)
    if domain.prediction is not None and files:
        from seqgen.workflows.tiny_model import tiny_model

        with tempfile.TemporaryDirectory() as folder:
            trained = tiny_model(name, files, Path(folder) / "run", settings)
        run("prediction by a tiny model", partial(check_predictions, trained.domain, files, trained.oracle))
    if not files:
        print_line("Name some files to check items, written files and the capabilities on them.")

"""What several commands share: parsing `--set`, the global options, progress on a terminal and elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from seqgen.errors import UsageError


def parse_settings(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`key=value` pairs as a dictionary; raises UsageError for one without a key or a '='."""
    pairs: dict[str, str] = {}
    for value in values:
        key, equals, content = value.partition("=")
        if not equals or not key:
            raise UsageError(f"--set takes key=value, not {value!r}.")
        if key in pairs:
            raise UsageError(f"--set {key} is given twice; give it once.")
        pairs[key] = content
    return pairs


set_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", callback=parse_settings, help="Can be given many times."
)
valid_option = click.option(
    "--valid",
    multiple=True,
    type=click.Path(),
    metavar="PATH",
    help="Files that choose the best model, in place of a share of SOURCES; can be given many times.",
)
test_option = click.option(
    "--test",
    multiple=True,
    type=click.Path(),
    metavar="PATH",
    help="Files for 'evaluate' alone, in place of a share of SOURCES; can be given many times.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def build_progress() -> Iterator[Callable[[int, int, str], None]]:
    """A callback for building a corpus: a bar on a terminal, a line for each tenth elsewhere; on standard error."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("reading {task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
        bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
        tasks: dict[str, Any] = {}

        def advance(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.start()
            bar.update(tasks[what], completed=done, total=total)
            if done == total:
                bar.stop()

        try:
            yield advance
        finally:
            bar.stop()
        return

    def tell(done: int, total: int, what: str) -> None:
        if done == total or done * 10 // total != (done - 1) * 10 // total:
            click.echo(f"read {done} of {total} {what}", err=True)

    yield tell


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Prints a table on standard output, coloured on a terminal."""
    from rich.console import Console
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        made.add_column(column, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        made.add_row(*row)
    Console(soft_wrap=False).print(made)

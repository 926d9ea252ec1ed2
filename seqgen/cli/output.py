"""What the commands print on standard output: tables and JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.text import Text


def print_json(value: Any) -> None:
    """Prints one line of JSON."""
    click.echo(json.dumps(value, ensure_ascii=False))


def literal(text: str) -> Text:
    """Returns text that rich prints as it is, whatever it contains.

    Rich reads `[live]` in a plain string as markup and `:star:` as an emoji. File names and labels contain such text.
    """
    from rich.text import Text

    return Text(text)


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table, coloured on a terminal. Columns after the first are aligned to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=literal(title), title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(literal(column), justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*map(literal, row))
    Console(soft_wrap=False).print(table)

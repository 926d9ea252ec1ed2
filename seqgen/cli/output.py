"""What the commands print: lines, tables, JSON and messages. Names from outside are harmless in all of them."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from seqgen.contract.escaping import json_text, terminal_lines, terminal_text

if TYPE_CHECKING:
    from rich.text import Text

MAX_MESSAGE_LENGTH = 1000
ENCODING_ERRORS = "seqgen.terminal"
"""The name of the handler for characters that the encoding of standard output does not have."""


def print_line(text: object) -> None:
    """Prints one line of text that can contain names from outside."""
    click.echo(terminal_text(text))


def print_lines(text: str) -> None:
    """Prints text whose line breaks and tabs are meant."""
    click.echo(terminal_lines(text))


def print_part(text: str) -> None:
    """Prints a part of a generated text. On a terminal it contains no control characters; elsewhere it is unchanged."""
    click.echo(terminal_lines(text) if sys.stdout.isatty() else text, nl=False)


def print_message(text: object) -> None:
    """Prints one line on standard error. The middle of a very long message is left out."""
    message = terminal_text(text)
    if len(message) > MAX_MESSAGE_LENGTH:
        message = f"{message[: MAX_MESSAGE_LENGTH // 2]} … {message[-MAX_MESSAGE_LENGTH // 2 :]}"
    click.echo(message, err=True)


def flush() -> None:
    """Sends what was printed to the reader now, for a command that computes for a long time after it."""
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """Prints one line of JSON, in ASCII if standard output is not in UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(json_text(value, ascii_only=codecs.lookup(encoding).name != "utf-8"))


def literal(text: str) -> Text:
    """Returns text that rich prints as it is, but without control characters.

    Rich reads `[live]` in a plain string as markup and `:star:` as an emoji. File names and labels contain such text.
    """
    from rich.text import Text

    return Text(terminal_text(text))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Sequence[str]]]) -> None:
    """Prints a table below its title, coloured on a terminal. Columns after the first are aligned to the right.

    A cell is one line, or a sequence of lines.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for index, column in enumerate(columns):
        table.add_column(literal(column), justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        cells = [[cell] if isinstance(cell, str) else cell for cell in row]
        table.add_row(*(Text("\n").join(map(literal, lines)) for lines in cells))
    console = Console()
    if title:
        console.print(literal(title), style="italic", soft_wrap=True)  # A path in it stays in one piece.
    console.print(table)


def accept_all_characters() -> None:
    """Lets standard output and standard error take any text, whatever their encoding.

    A character that the encoding does not have becomes an escape. Standard output gets a byte that is not UTF-8 as it
    is.
    """
    codecs.register_error(ENCODING_ERRORS, _encode_byte_or_escape)
    for stream, errors in ((sys.stdout, ENCODING_ERRORS), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def _encode_byte_or_escape(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    encoded = b"".join(
        bytes([ord(letter) - 0xDC00]) if "\udc80" <= letter <= "\udcff" else letter.encode("ascii", "backslashreplace")
        for letter in text
    )
    return encoded, error.end

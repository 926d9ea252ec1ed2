"""Tables from outside: CSV, TSV and JSON Lines, a row at a time, with columns that are named or guessed.

Plugins may use it. What a file is follows from its ending, or else from its first line.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seqgen.contract.capabilities import Deduplication
from seqgen.contract.documents import Record, Remark
from seqgen.contract.textfile import lines
from seqgen.errors import UnusableFile

LONGEST_LINE = 16_000_000
HEAD = 100
"""How many rows a guess looks at."""
TEXT_NAMES = ("text", "sentence", "content", "review", "body", "message", "document")
LABEL_NAMES = ("label", "class", "category", "sentiment", "target", "rating", "stars", "emotion")
DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
JSON_LINES = (".jsonl", ".ndjson", ".json")
GROUP = "group"
"""The name of a row's group in its metadata."""

Row = dict[str, str]


class Table:
    """A table whose first rows have been looked at.

    columns: their names; "1", "2" … where the first row is no header
    head:    the first rows
    """

    def __init__(self, columns: Sequence[str], rows: Iterator[Row | Remark]) -> None:
        """Raises UnusableFile when a table has no rows."""
        self._first = list(itertools.islice(rows, HEAD))
        self._rest = rows
        self.columns = tuple(columns)
        self.head = [row for row in self._first if not isinstance(row, Remark)]
        if not self.head:
            raise UnusableFile("a table without rows")

    def rows(self) -> Iterator[Row | Remark]:
        """Every row once, by column; a Remark where one was left out."""
        yield from self._first
        yield from self._rest

    def text_column(self, wanted: str | None = None) -> str:
        """The column `wanted`, or else the one that is called like a text, or else the one with the longest cells."""
        guessed = max(self.columns, key=lambda name: sum(len(row[name]) for row in self.head))
        return self._column(wanted, TEXT_NAMES, guessed)

    def label_column(self, text: str, wanted: str | None = None) -> str:
        """The column `wanted`, or else the one that is called like a label, or else the one with the fewest different
        cells; never the column `text`. Raises UnusableFile when there is no other.
        """
        others = [name for name in self.columns if name != text]
        if not others or wanted == text:
            raise UnusableFile("a table without a column for labels beside the text", f"columns: {self._names()}")
        guessed = min(others, key=lambda name: len({row[name] for row in self.head}))
        names = [name for name in LABEL_NAMES if name != text.lower()]
        return self._column(wanted, names, guessed)

    def column(self, name: str) -> str:
        """Returns `name`. Raises UnusableFile if the table has no such column."""
        if name not in self.columns:
            raise UnusableFile(f"a table without a column {name!r}", f"columns: {self._names()}")
        return name

    def _column(self, wanted: str | None, names: Sequence[str], guessed: str) -> str:
        if wanted is not None:
            return self.column(wanted)
        by_name = {name.lower(): name for name in self.columns}
        return next((by_name[name] for name in names if name in by_name), guessed)

    def _names(self) -> str:
        return ", ".join(self.columns)


def open_table(path: Path, known: Sequence[str] = ()) -> Table:
    """The table in a file; `known` are column names that tell a header, beside the usual ones.

    Raises UnusableFile for what is no table, not UTF-8, or empty.
    """
    text = lines(path, LONGEST_LINE)
    first = next((line for line in text if line.strip()), "")
    if not first:
        raise UnusableFile("empty")
    text, ending = itertools.chain([first], text), path.suffix.lower()
    if ending in JSON_LINES or (ending not in DELIMITERS and first.lstrip().startswith("{")):
        return _json_lines(text)
    return _delimited(text, _delimiter(ending, first), known)


def _delimiter(ending: str, first: str) -> str:
    if "\t" in first:
        return "\t"
    if ending == ".csv" and first.count(";") > first.count(","):
        return ";"
    return DELIMITERS.get(ending, ",")


def _delimited(text: Iterator[str], delimiter: str, known: Sequence[str]) -> Table:
    csv.field_size_limit(LONGEST_LINE)
    # Cells of TSV files hold bare quotation marks: there is no quoting there.
    cells = _cells(
        csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        if delimiter == "\t"
        else csv.reader(text, delimiter=delimiter)
    )
    first = next(cells, [])
    names = {*known, *TEXT_NAMES, *LABEL_NAMES}
    header = len(set(first)) == len(first) and any(cell in names or cell.lower() in names for cell in first)
    columns = first if header else [str(number + 1) for number in range(len(first))]

    def rows() -> Iterator[Row | Remark]:
        for row in cells if header else itertools.chain([first], cells):
            if len(row) == len(columns):
                yield dict(zip(columns, row, strict=True))
            else:
                yield Remark("a row with more or fewer cells than the first", dropped=True)

    return Table(columns, rows())


def _cells(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from (row for row in reader if row)
    except csv.Error as error:
        raise UnusableFile("no table that can be read", str(error)) from error


def _json_lines(text: Iterator[str]) -> Table:
    first = list(itertools.islice(_objects(text), HEAD))
    columns = list(dict.fromkeys(name for row in first if not isinstance(row, Remark) for name in row))

    def rows() -> Iterator[Row | Remark]:
        for row in itertools.chain(first, _objects(text)):
            yield row if isinstance(row, Remark) else {name: row.get(name, "") for name in columns}

    return Table(columns, rows())


def _objects(text: Iterator[str]) -> Iterator[Row | Remark]:
    for line in filter(str.strip, text):
        try:
            value = json.loads(line)
            if "\\u" in line:
                json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            yield {str(name): _cell(cell) for name, cell in value.items()}
        else:
            yield Remark("a line that is no JSON object", dropped=True)


def _cell(value: object) -> str:
    """Strings as they are, nothing for null, and anything else as JSON writes it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


class GroupedRows(Deduplication[Any]):
    """Keeps the rows of a group in one split; see `row_metadata`."""

    def group(self, record: Record[Any]) -> Any:
        return record.metadata.get(GROUP)


def row_metadata(number: int, row: Row, group_column: str | None = None) -> dict[str, Any]:
    """Returns what is known about a row: its number, the cell of a column called "id", and its group.

    number: of the row, from 1 on, the header not counted
    """
    metadata: dict[str, Any] = {"row": number}
    id_column = next((name for name in row if name.lower() == "id"), None)
    if id_column is not None:
        metadata["id"] = row[id_column]
    if group_column is not None:
        metadata[GROUP] = row[group_column]
    return metadata

"""Tables from outside: CSV, TSV, JSON Lines, JSON arrays and fastText, a row at a time.

Columns are named or guessed (columns.py). Plugins may use it. What a file is follows from its ending, or else from its
first line. The ending `.gz` is ignored.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from seqgen.contract.capabilities import Deduplication
from seqgen.contract.columns import LABEL_NAMES, TEXT_NAMES, Guess, column_names, guess_label, guess_text, is_header
from seqgen.contract.delimited import QUOTING_LINES, DelimitedRow, delimited_rows, has_quoted_cells
from seqgen.contract.documents import Record, Remark
from seqgen.contract.json_rows import JsonRow, json_array_rows, json_line_rows
from seqgen.contract.textfile import DEFAULT_ENCODING, lines
from seqgen.errors import UnusableFile

MAX_LINE_LENGTH = 16_000_000
NUM_INSPECTED_ROWS = 100
"""How many rows a guess looks at."""
MAX_NAMED_LINES = 5
"""How many damaged rows of a file are named by their lines. Further ones are only counted."""
DELIMITERS = {".csv": ",", ".tsv": "\t", ".tab": "\t"}
JSON_LINES = (".jsonl", ".ndjson", ".json")
FASTTEXT_PREFIX = "__label__"
GROUP = "group"
"""The name of a row's group in its metadata."""

Row = dict[str, str]


class Table:
    """A table whose first rows have been looked at.

    columns:         their names; "1", "2" … where the first row is no header
    head:            the first rows
    header_is_guess: whether the first row is a header by its looks, not by the usual names
    """

    def __init__(self, columns: Sequence[str], rows: Iterator[Row | Remark], *, header_is_guess: bool = False) -> None:
        """Raises UnusableFile when a table has no rows."""
        self._first = list(itertools.islice(rows, NUM_INSPECTED_ROWS))
        self._rest = rows
        self.columns = tuple(columns)
        self.header_is_guess = header_is_guess
        self.head = [row for row in self._first if not isinstance(row, Remark)]
        if not self.head:
            raise UnusableFile("a table without rows", next((one.text for one in self._first), ""))  # type: ignore[union-attr]

    def rows(self) -> Iterator[Row | Remark]:
        """Yields every row once, by column, and a Remark for each row that was left out."""
        yield from self._first
        yield from self._rest

    def guess_text(self) -> Guess:
        """Returns the column of the texts and why; see `columns.guess_text`."""
        return guess_text(self.columns, self.head)

    def guess_label(self, excluded: Sequence[str], setting: str) -> Guess | None:
        """Returns the column of the labels and why; see `columns.guess_label`. Raises UnusableFile."""
        return guess_label(self.columns, self.head, excluded, setting)

    def text_column(self, name: str | None = None) -> str:
        """Returns the column `name`, or else the guessed one. Raises UnusableFile if there is no such column."""
        return self.guess_text().column if name is None else self.column(name)

    def column(self, name: str) -> str:
        """Returns `name`. Raises UnusableFile if the table has no such column."""
        if name not in self.columns:
            raise UnusableFile(f"a table without a column {name!r}", f"columns: {', '.join(self.columns)}")
        return name


def open_table(path: Path, known: Sequence[str] = (), encoding: str = DEFAULT_ENCODING) -> Table:
    """Returns the table in a file; `known` are column names that tell a header, beside the usual ones.

    Raises UnusableFile for what is no table, not in this encoding, or empty.
    """
    text = _lines(path, encoding)
    first = next((line for line in text if line.strip()), "")
    if not first:
        raise UnusableFile("empty")
    ending = table_ending(path)
    if first.startswith(FASTTEXT_PREFIX):
        return Table(["label", "text"], _fasttext_rows(_lines(path, encoding)))
    if ending in JSON_LINES or (ending not in DELIMITERS and first.lstrip().startswith("{")):
        return _json_table(path, encoding)
    return _delimited_table(_lines(path, encoding), _delimiter(ending, first), known)


def table_ending(path: PurePath) -> str:
    """Returns the ending of a file's name in lower case, without `.gz`."""
    name = path.name.lower().removesuffix(".gz")
    return PurePath(name).suffix


def is_fasttext(path: Path, encoding: str = DEFAULT_ENCODING) -> bool:
    """Whether the lines of a file begin with labels, as the program fastText reads them. Raises UnusableFile."""
    text = itertools.islice(lines(path, MAX_LINE_LENGTH, encoding), NUM_INSPECTED_ROWS)
    return next((line.strip() for line in text if line.strip()), "").startswith(FASTTEXT_PREFIX)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Yields the lines of a file. Carriage returns end lines only in a file without line feeds."""
    for number, line in enumerate(lines(path, MAX_LINE_LENGTH, encoding)):
        if number == 0 and "\r" in line.rstrip("\r\n") and not line.endswith("\n"):
            yield from line.replace("\r", "\n").splitlines(keepends=True)
        else:
            yield line


class _LineRemarks:
    """Names the lines of damaged rows; of many damaged rows only the first lines."""

    def __init__(self) -> None:
        self._named = 0

    def dropped(self, line: int, problem: str) -> Remark:
        self._named += 1
        where = f"line {line}" if self._named <= MAX_NAMED_LINES else "further lines"
        return Remark(f"{where}: {problem}", dropped=True)


def _delimiter(ending: str, first: str) -> str:
    if ending != ".csv":
        return "\t" if "\t" in first else DELIMITERS.get(ending, ",")
    return max((",", ";", "\t"), key=first.count)


def _delimited_table(text: Iterator[str], delimiter: str, known: Sequence[str]) -> Table:
    start = list(itertools.islice(text, QUOTING_LINES))
    # Most TSV files have no quoting: their cells hold bare quotation marks.
    quoted = delimiter != "\t" or has_quoted_cells(start, delimiter)
    rows = delimited_rows(itertools.chain(start, text), delimiter, quoted=quoted)
    looked_at = list(itertools.islice(rows, NUM_INSPECTED_ROWS + 1))
    first = next((row.cells for row in looked_at if not row.problem), [])
    rest = [row.cells for row in looked_at if not row.problem][1:]
    names = {name.lower() for name in (*known, *TEXT_NAMES, *LABEL_NAMES)}
    header = is_header(first, rest, tuple(names))
    # A comma at the end of every row is no column.
    while header and len(first) > 1 and not first[-1].strip() and not any(_cell(row, len(first)) for row in rest):
        first = first[:-1]
    columns = column_names(first) if header else [str(number + 1) for number in range(len(first))]
    by_looks = header and not any(cell.strip().lower() in names for cell in first)
    return Table(columns, _named_cells(itertools.chain(looked_at, rows), columns, header), header_is_guess=by_looks)


def _cell(row: Sequence[str], number: int) -> str:
    return row[number - 1].strip() if len(row) >= number else ""


def _named_cells(rows: Iterable[DelimitedRow], columns: Sequence[str], has_header: bool) -> Iterator[Row | Remark]:
    remarks, skip = _LineRemarks(), has_header
    for row in rows:
        if row.problem:
            yield remarks.dropped(row.line, row.problem)
        elif skip:
            skip = False
        elif len(row.cells) < len(columns) or any(cell.strip() for cell in row.cells[len(columns) :]):
            yield remarks.dropped(row.line, f"{len(row.cells)} cells where the table has {len(columns)} columns")
        else:
            yield dict(zip(columns, row.cells, strict=False))


def _json_table(path: Path, encoding: str) -> Table:
    """Reads the file twice, because any row may have a key that no row before it has."""

    def rows() -> Iterator[JsonRow]:
        text = _lines(path, encoding)
        start = list(itertools.islice(text, 1))
        while start and not start[-1].strip():
            start += itertools.islice(text, 1)
        is_array = start[-1].lstrip().startswith("[") and not start[-1].rstrip().endswith("]")
        if is_array or start[-1].replace(" ", "").startswith("[{"):
            return json_array_rows(itertools.chain(start, text))
        return json_line_rows(itertools.chain(start, text))

    columns = list(dict.fromkeys(name for row in rows() for name in row.cells or ()))
    remarks = _LineRemarks()
    cells = (
        remarks.dropped(row.line, row.problem)
        if row.cells is None
        else {name: row.cells.get(name, "") for name in columns}
        for row in rows()
    )
    return Table(columns, cells)


def _fasttext_rows(text: Iterator[str]) -> Iterator[Row | Remark]:
    remarks = _LineRemarks()
    for number, line in enumerate(text, 1):
        words = line.split()
        labels = list(itertools.takewhile(lambda word: word.startswith(FASTTEXT_PREFIX), words))
        if len(labels) > 1:
            yield remarks.dropped(number, "more than one label")
        elif words:
            content = line.strip().removeprefix(labels[0] if labels else "").strip()
            yield {"label": "".join(labels).removeprefix(FASTTEXT_PREFIX), "text": content}


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

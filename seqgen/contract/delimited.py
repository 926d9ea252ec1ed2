"""Rows of CSV and TSV files. A damaged row costs that row, and its line is named.

A row follows RFC 4180: a cell in quotation marks may contain delimiters, line ends, and doubled quotation marks. Beyond
that, `\\"` is read as a quotation mark where the row makes no sense without it, and a lone carriage return is text.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

MAX_ROW_LENGTH = 16_000_000
MAX_ROW_LINES = 10_000
MIN_SWALLOWED_ROWS = 3
"""A quoted cell over so many lines, each of which is a whole row, is taken for an unclosed quotation mark."""
UNCLOSED = "a quotation mark that is never closed"
MISPLACED = "text after a closing quotation mark"
QUOTING_LINES = 100
"""How many lines are looked at to find out whether a TSV file has quoted cells."""


class DelimitedRow(NamedTuple):
    """The cells of one row.

    line:    where the row begins, from 1 on
    cells:   empty if the row is damaged
    problem: what is wrong with the row, or "" if nothing is
    """

    line: int
    cells: list[str]
    problem: str = ""


def delimited_rows(lines: Iterable[str], delimiter: str, *, quoted: bool = True) -> Iterator[DelimitedRow]:
    """Yields the rows of a file, damaged ones too. Blank lines are skipped.

    quoted: whether quotation marks around a cell are not part of it
    """
    return _Reader(lines, delimiter, quoted).rows()


def has_quoted_cells(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the lines are only right with quoting: every row is legal, and cells of a whole column are quoted.

    Texts often begin with a quotation mark, but not all of them also end with one.
    """
    # The last row may go on after these lines.
    rows = [row for row in delimited_rows(lines[:QUOTING_LINES], delimiter) if row.problem != UNCLOSED]
    if any(row.problem for row in rows):
        return False
    raw = list(delimited_rows(lines[:QUOTING_LINES], delimiter, quoted=False))
    columns = zip(*(row.cells for row in raw[1:] or raw), strict=False)
    whole_column = any(all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in column) for column in columns)
    return whole_column or any(delimiter in cell or "\n" in cell for row in rows for cell in row.cells)


class _Reader:
    """Reads rows from lines, and goes back to the second line of a row that turns out to be damaged."""

    def __init__(self, lines: Iterable[str], delimiter: str, quoted: bool) -> None:
        self._lines = enumerate(lines, 1)
        self._delimiter = delimiter
        self._quoted = quoted
        csv.field_size_limit(MAX_ROW_LENGTH)

    def rows(self) -> Iterator[DelimitedRow]:
        while (start := next(self._lines, None)) is not None:
            number, text = start
            if text.strip("\r\n"):
                yield self._row(number, text)

    def _row(self, number: int, first: str) -> DelimitedRow:
        cells = self._parse_with_backslashes(first)
        if cells is not None:
            return DelimitedRow(number, cells)
        more: list[tuple[int, str]] = []
        length, problem = len(first), UNCLOSED
        is_open = first.count('"') % 2 == 1
        while is_open and len(more) < MAX_ROW_LINES and length <= MAX_ROW_LENGTH:
            following = next(self._lines, None)
            if following is None:
                break
            more.append(following)
            length += len(following[1])
            if '"' not in following[1]:
                continue
            text = first + "".join(line for _, line in more)
            cells = self._parse_with_backslashes(text)
            if cells is not None and not self._swallows_rows(len(cells), more[:-1]):
                return DelimitedRow(number, cells)
            if text.count('"') % 2 == 0:
                problem = MISPLACED if cells is None else UNCLOSED
                break
        else:
            problem = UNCLOSED if is_open else MISPLACED
        self._lines = itertools.chain(more, self._lines)  # type: ignore[assignment]
        return DelimitedRow(number, [], problem)

    def _swallows_rows(self, width: int, inner: Sequence[tuple[int, str]]) -> bool:
        """Whether the lines within a quoted cell are whole rows of the same width."""
        if width < 2 or len(inner) < MIN_SWALLOWED_ROWS:
            return False
        return all(len(self._parse(line) or ()) == width for _, line in inner)

    def _parse_with_backslashes(self, text: str) -> list[str] | None:
        """Returns the cells of one row, which may have a backslash before each quotation mark within a cell."""
        cells = self._parse(text)
        if cells is None and '\\"' in text:
            cells = self._parse(text.replace('\\"', '""'))
        return cells

    def _parse(self, text: str) -> list[str] | None:
        """Returns the cells of one row, or None if quotation marks are not closed or not at the ends of a cell."""
        # The module `csv` refuses a carriage return within a line. No text has a NUL.
        line = text.rstrip("\r\n").replace("\r", "\0")
        try:
            quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self._quoted else csv.QUOTE_NONE
            rows = list(csv.reader([line], delimiter=self._delimiter, quoting=quoting, strict=True))
        except csv.Error:
            return None
        return [cell.replace("\0", "\r") for cell in rows[0]] if rows else [""]

"""Files → documents: whole files, lines, paragraphs, or the cells of one column of a table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from seqgen import Remark, UnusableFile
from seqgen.tables import open_table
from seqgen.textfile import pieces

Document = Literal["file", "line", "paragraph", "field"]
Normalisation = Literal["none", "NFC", "NFKC"]
SEPARATORS = {"file": None, "line": re.compile(r"\r?\n"), "paragraph": re.compile(r"\n[^\S\n]*\n\s*")}
SENSIBLE = ("\n\n", "\n", ". ", " ")
"""Where a document is cut that is too long, the best place first."""


def read_documents(
    path: Path, document: Document, field: str | None, normalisation: Normalisation, longest: int
) -> Iterator[str | Remark]:
    """The documents of a file, none longer than `longest` characters, and a remark for each place that one was cut at.

    Raises UnusableFile for a file that is empty, not UTF-8, or no table where a field is asked for.
    """
    found = _cells(path, field) if document == "field" else _split(pieces(path), SEPARATORS[document], longest)
    empty = True
    for text in found:
        if isinstance(text, Remark):
            yield text
            continue
        parts = list(cut(text if normalisation == "none" else unicodedata.normalize(normalisation, text), longest))
        for part in parts:
            if part.strip():
                empty = False
                yield part
        yield from (Remark(f"cut in two: longer than {longest} characters") for _ in parts[1:])
    if empty:
        raise UnusableFile("empty")


def _cells(path: Path, field: str | None) -> Iterator[str | Remark]:
    table = open_table(path, known=[field] if field else [])
    column = table.text_column(field)
    if field is None and len(table.columns) > 1:
        yield Remark(f"the column {column!r} of {', '.join(table.columns)} was taken; field=… names another")
    for row in table.rows():
        yield row if isinstance(row, Remark) else row[column]


def _split(text: Iterable[str], separator: re.Pattern[str] | None, longest: int) -> Iterator[str | Remark]:
    """What stands between separators, in pieces of at most `longest` characters; holds no more in memory than that."""
    rest = ""
    for piece in text:
        rest += piece
        if separator is not None:
            *whole, rest = separator.split(rest)
            yield from whole
        *full, rest = cut(rest, longest)
        for part in full:
            yield part
            yield Remark(f"cut in two: longer than {longest} characters")
    yield rest


def cut(text: str, longest: int) -> Iterator[str]:
    """The text in pieces of at most `longest` characters."""
    start = 0
    while len(text) - start > longest:
        end = sensible_place(text, start, longest)
        yield text[start:end]
        start = end
    yield text[start:]


def sensible_place(text: str, start: int, longest: int) -> int:
    """Where to cut: behind the last end of a paragraph, line, sentence or word in the second half of `longest`."""
    for mark in SENSIBLE:
        place = text.rfind(mark, start + longest // 2, start + longest)
        if place >= 0:
            return place + len(mark)
    return start + longest

"""Files → documents: whole files, lines, paragraphs, or the cells of one column of a table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from seqgen import Remark, UnusableFile
from seqgen.contract.tables import open_table
from seqgen.contract.textfile import pieces

Document = Literal["file", "line", "paragraph", "field"]
Normalisation = Literal["none", "NFC", "NFKC"]
SEPARATORS = {"file": None, "line": re.compile(r"\r?\n"), "paragraph": re.compile(r"\n[^\S\n]*\n")}
SLACK = 1000
"""How much longer than allowed a document must be to be cut before its end was seen: it may be a separator's begin."""
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
        for number, part in enumerate(_parts(text, normalisation, longest)):
            if number:
                yield Remark(f"cut in two: longer than {longest} characters")
            whole = part.strip("\r\n") if document == "paragraph" else part
            if whole.strip():
                empty = False
                yield whole
    if empty:
        raise UnusableFile("empty")


def _parts(text: str, normalisation: Normalisation, longest: int) -> Iterator[str]:
    """A document normalised, in pieces that are short enough before and after that."""
    for part in cut(text, longest):
        yield from cut(part if normalisation == "none" else unicodedata.normalize(normalisation, part), longest)


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
        if len(rest) > longest + SLACK:
            *full, rest = cut(rest, longest)
            for part in full:
                yield part
                yield Remark(f"cut in two: longer than {longest} characters")
    yield from separator.split(rest) if separator else [rest]


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

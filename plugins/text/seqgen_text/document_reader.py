"""Reads the documents of a file: the whole file, its lines, its paragraphs, or the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from seqgen import Record, Remark, UnusableFile
from seqgen.contract.tables import DELIMITERS, open_table, row_metadata, table_ending
from seqgen.contract.textfile import pieces
from seqgen_text.chunking import chunks, normalised_chunks
from seqgen_text.settings import DocumentKind, TextSettings

SEPARATORS: dict[DocumentKind, re.Pattern[str] | None] = {
    "file": None, "line": re.compile(r"\r?\n"), "paragraph": re.compile(r"\n[^\S\n]*\n"),
}  # fmt: skip
TABLES = (*DELIMITERS, ".jsonl", ".ndjson")
"""The endings of files that are read row by row unless the settings say otherwise. `.json` may be no table."""
SLACK = 1000
"""A document is cut before its end is known once it is this much too long. Less could be the start of a separator."""


def read_documents(path: Path, settings: TextSettings) -> Iterator[str | Record[str] | Remark]:
    """Yields the documents of a file, and a remark for each place where one was cut. Rows of a table have metadata.

    Raises UnusableFile for a file that is empty or not in the encoding, or no table if rows are asked for.
    """
    max_length, is_empty = settings.max_document_length, True
    kind = settings.document or ("row" if table_ending(path) in TABLES else "file")
    found: Iterator[str | Record[str] | Remark] = (
        _rows(path, settings)
        if kind == "row"
        else _split(pieces(path, settings.encoding), SEPARATORS[kind], max_length)
    )
    for document in found:
        if isinstance(document, Remark):
            yield document
            continue
        text = document.item if isinstance(document, Record) else document
        for number, chunk in enumerate(normalised_chunks(text, settings.normalisation, max_length)):
            if number:
                yield _cut_remark(max_length)
            stripped = chunk.strip("\r\n") if kind == "paragraph" else chunk
            if stripped.strip():
                is_empty = False
                yield Record(stripped, document.metadata) if isinstance(document, Record) else stripped
    if is_empty:
        raise UnusableFile("empty")


def _cut_remark(max_length: int) -> Remark:
    return Remark(f"cut in two: longer than {max_length} characters")


def _rows(path: Path, settings: TextSettings) -> Iterator[Record[str] | Remark]:
    named = [name for name in (settings.text_column, settings.group_column) if name]
    table = open_table(path, known=named, encoding=settings.encoding)
    column = table.text_column(settings.text_column)
    group = table.column(settings.group_column) if settings.group_column else None
    if settings.document is None:
        yield Remark("a table is read row by row; document=file reads it as running text")
    if settings.text_column is None and len(table.columns) > 1:
        yield Remark(
            f"the text is taken from the column {column!r} of {', '.join(table.columns)}; text_column=… names another"
        )
    for number, row in enumerate(table.rows(), 1):
        yield row if isinstance(row, Remark) else Record(row[column], row_metadata(number, row, group))


def _split(text: Iterable[str], separator: re.Pattern[str] | None, max_length: int) -> Iterator[str | Remark]:
    """Yields the text between separators, in chunks of at most `max_length` characters if it is longer.

    Keeps no more in memory than one piece and one chunk.
    """
    rest = ""
    for piece in text:
        rest += piece
        if separator is not None:
            *complete, rest = separator.split(rest)
            yield from complete
        if len(rest) > max_length + SLACK:
            *full, rest = chunks(rest, max_length)
            for chunk in full:
                yield chunk
                yield _cut_remark(max_length)
    yield from separator.split(rest) if separator else [rest]

"""Reads sentence pairs from files.

    two parallel files    train.de and train.en: line n of one is the translation of line n of the other
    a table               CSV, TSV, JSON Lines: a row is a pair
    a table of objects    JSON Lines with {"translation": {"de": …, "en": …}}, as many published corpora have them

For an answer, a file may contain only source sentences: one a line, or a column of a table.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from seqgen import Reading, Record, Remark, UnusableFile
from seqgen.contract.tables import DELIMITERS, JSON_LINES, Row, Table, open_table, row_metadata, table_ending
from seqgen.contract.textfile import lines
from seqgen_translation.sentence_pair import SentencePair, normalized
from seqgen_translation.settings import TranslationSettings

TABLES = tuple(ending + end for ending in (*DELIMITERS, *JSON_LINES) for end in ("", ".gz"))
MAX_LINE_LENGTH = 1_000_000
SOURCE_NAMES = ("source", "src")
TARGET_NAMES = ("target", "tgt", "trg")
"""The usual names of columns."""
OBJECTS = "translation"
"""The column of objects with one sentence for each language."""
INCOMPLETE = Remark("a pair without a source or without a target", dropped=True)

Found = Record[SentencePair] | Remark


class PairReading(Reading[SentencePair]):
    """Files are read line by line, and parallel files together."""

    def __init__(self, settings: TranslationSettings) -> None:
        self._settings = settings

    def in_parts(self, path: PurePath) -> bool:
        return True

    def companions(self, path: PurePath) -> tuple[str, ...]:
        name = target_file_name(path, self._settings)
        return () if name is None else (name,)


class PairReader:
    """Reads files with the settings of a domain."""

    def __init__(self, settings: TranslationSettings) -> None:
        self._settings = settings

    def read(self, path: Path) -> Iterator[Found]:
        """Yields the pairs of a file to learn from. Raises UnusableFile."""
        if table_ending(path) in (*DELIMITERS, *JSON_LINES):
            return self._read_table(path)
        return self._read_parallel(path)

    def read_sources(self, path: Path) -> Iterator[Found]:
        """Yields the source sentences of a file without targets, each with its number. Raises UnusableFile."""
        if table_ending(path) in (*DELIMITERS, *JSON_LINES):
            return self._read_source_column(path)
        return self._read_lines(path)

    def source(self, text: str) -> SentencePair:
        """Returns a source sentence."""
        return SentencePair(self._normalized(text))

    def _normalized(self, text: str) -> str:
        return normalized(text, lowercase=self._settings.lowercase)

    def _pair(self, source: str, target: str, metadata: dict[str, object]) -> Found:
        """Returns a pair. Its metadata have the untouched target if the setting `lowercase` changes that."""
        pair = SentencePair(self._normalized(source), self._normalized(target))
        if not pair.source or not pair.target:
            return INCOMPLETE
        reference = normalized(target)
        return Record(pair, metadata if reference == pair.target else {**metadata, "reference": reference})

    def _read_lines(self, path: Path) -> Iterator[Found]:
        is_empty = True
        for number, line in enumerate(lines(path, MAX_LINE_LENGTH, self._settings.encoding), 1):
            is_empty = False
            pair = self.source(line)
            yield Record(pair, {"row": number, "source": pair.source})
        if is_empty:
            raise UnusableFile("empty")

    def _read_parallel(self, path: Path) -> Iterator[Found]:
        settings = self._settings
        name = target_file_name(path, settings)
        if name is None:
            raise UnusableFile(
                "neither a table nor one of two parallel files; name their endings with source_language=… and "
                "target_language=…"
            )
        target_path = path.with_name(name)
        if not target_path.is_file():
            raise UnusableFile("a file of source sentences without its translation", f"there is no {name}")
        sizes = [sum(1 for _ in lines(file, MAX_LINE_LENGTH, settings.encoding)) for file in (path, target_path)]
        if sizes[0] != sizes[1]:
            raise UnusableFile(
                "parallel files with different numbers of lines", f"{sizes[0]} beside {sizes[1]} in {name}"
            )
        if not sizes[0]:
            raise UnusableFile("empty")
        sides = (lines(file, MAX_LINE_LENGTH, settings.encoding) for file in (path, target_path))
        for number, (source, target) in enumerate(zip(*sides, strict=True), 1):
            yield self._pair(source, target, {"row": number})

    def _open(self, path: Path) -> Table:
        settings = self._settings
        named = (settings.source_column, settings.target_column, settings.source_language, settings.target_language)
        known = [*filter(None, named), *SOURCE_NAMES, *TARGET_NAMES, OBJECTS]
        return open_table(path, known=known, encoding=settings.encoding)

    def _read_table(self, path: Path) -> Iterator[Found]:
        table = self._open(path)
        if table.header_is_guess:
            yield Remark(f"the first row is taken for the names of the columns: {', '.join(table.columns)}")
        columns = None if self._has_objects(table) else pair_columns(table, self._settings)
        if columns is not None and columns.is_guess:
            yield Remark(
                f"{columns.source!r} is taken for the source and {columns.target!r} for the target; source_column=… "
                "and target_column=… name others"
            )
        for number, row in enumerate(table.rows(), 1):
            if isinstance(row, Remark):
                yield row
                continue
            sides = self._object(row) if columns is None else (row[columns.source], row[columns.target])
            yield INCOMPLETE if sides is None else self._pair(*sides, row_metadata(number, row))

    def _read_source_column(self, path: Path) -> Iterator[Found]:
        table = self._open(path)
        column = None if self._has_objects(table) else source_column(table, self._settings)
        for number, row in enumerate(table.rows(), 1):
            if isinstance(row, Remark):
                yield row
                continue
            text = row[column] if column is not None else (self._object(row) or ("", ""))[0]
            pair = self.source(text)
            yield Record(pair, {**row_metadata(number, row), "source": pair.source})

    def _has_objects(self, table: Table) -> bool:
        settings = self._settings
        return (
            OBJECTS in table.columns
            and settings.source_column is None
            and None not in (settings.source_language, settings.target_language)
        )

    def _object(self, row: Row) -> tuple[str, str] | None:
        """Returns both sides of an object with one sentence for each language, or None for another value."""
        try:
            value = json.loads(row[OBJECTS])
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict):
            return None
        source, target = value.get(self._settings.source_language), value.get(self._settings.target_language)
        return (source, target) if isinstance(source, str) and isinstance(target, str) else None


class PairColumns(NamedTuple):
    """The columns of a table with source and target, and whether nothing but their order says so."""

    source: str
    target: str
    is_guess: bool


def target_file_name(path: PurePath, settings: TranslationSettings) -> str | None:
    """Returns the name of the file that is parallel to a file of source sentences; None for any other file."""
    if settings.source_language is None or settings.target_language is None:
        return None
    compressed = ".gz" if path.name.endswith(".gz") else ""
    stem, dot, ending = path.name.removesuffix(compressed).rpartition(".")
    return f"{stem}.{settings.target_language}{compressed}" if dot and ending == settings.source_language else None


def pair_columns(table: Table, settings: TranslationSettings) -> PairColumns:
    """Returns the columns that the settings name, or those with usual names, or else the only two there are.

    Raises UnusableFile.
    """
    source = _named_column(table, settings.source_column, settings.source_language, SOURCE_NAMES)
    target = _named_column(table, settings.target_column, settings.target_language, TARGET_NAMES)
    if source is not None and target is not None and source != target:
        return PairColumns(source, target, is_guess=False)
    if source is None and target is None and len(table.columns) == 2:
        return PairColumns(*table.columns, is_guess=True)
    rest = [name for name in table.columns if name not in (source, target)]
    if len(table.columns) == 2 and len(rest) == 1:
        return PairColumns(source or rest[0], target or rest[0], is_guess=True)
    raise UnusableFile(
        "a table in which several columns may be source and target; name them with source_column=… and target_column=…",
        f"columns: {', '.join(table.columns)}",
    )


def source_column(table: Table, settings: TranslationSettings) -> str:
    """Returns the column of source sentences in a table that needs no targets. Raises UnusableFile."""
    named = _named_column(table, settings.source_column, settings.source_language, SOURCE_NAMES)
    return named or (table.columns[0] if len(table.columns) == 1 else pair_columns(table, settings).source)


def _named_column(table: Table, column: str | None, language: str | None, usual: tuple[str, ...]) -> str | None:
    if column is not None:
        return table.column(column)
    by_name = {name.lower(): name for name in reversed(table.columns)}
    names = itertools.chain([language.lower()] if language else [], usual)
    return next((by_name[name] for name in names if name in by_name), None)

"""Reads labelled content from files.

    a table (CSV, TSV, JSON)         a row is content and label; content is text, or the path of a file below the table
    lines "__label__pos a film"      a line is label and content, as the program fastText reads them
    any other file                   content is what the base reads; the label is the name of the folder: pos/1.txt

A file whose name fits the setting `span_files` holds labelled parts of documents. Content without a label is read too.
Training uses it without a label.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from seqgen import Domain, Reading, Record, Remark, UnusableFile
from seqgen.contract.capabilities import MAX_FILE_BYTES
from seqgen.contract.columns import Guess
from seqgen.contract.tables import (
    DELIMITERS,
    JSON_LINES,
    Table,
    is_fasttext,
    open_table,
    row_metadata,
    table_ending,
)
from seqgen.contract.textfile import lines
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.settings import SentimentSettings

TABLES = tuple(ending + end for ending in (*DELIMITERS, *JSON_LINES) for end in ("", ".gz"))
PATH_NAMES = ("file", "path", "filename", "file_name")
"""The usual names of a column of paths."""
MAX_LABEL_LENGTH = 100
MAX_LINE_LENGTH = 16_000_000
MAX_SHOWN_LENGTH = 10_000
"""How many characters of a text its answer repeats."""
MAX_NAMED_ROWS = 1000
"""How many rows without an answer are named by their numbers. Further ones are only counted."""
JOINERS = "\u200c\u200d"
"""Zero-width non-joiner and joiner: words of Persian and Indic scripts and some emoji are written with them."""
SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
INVALID_LABEL = f"a label that is longer than {MAX_LABEL_LENGTH} characters or cannot be printed"
UNKNOWN_LABEL = "a label that the training split does not have: its content is used without one"

Found = LabelledItem | Record[LabelledItem] | Remark
ReadContent = Callable[[Path], Iterator[Any]]


class LabelledReading(Reading[LabelledItem]):
    """A table is read row by row. The base says how other files are read."""

    def __init__(self, base: Reading[Any] | None) -> None:
        self.base = base

    def in_parts(self, path: PurePath) -> bool:
        return is_table(path) or (self.base is not None and self.base.in_parts(path))

    def companions(self, path: PurePath) -> tuple[str, ...]:
        return () if self.base is None or is_table(path) else self.base.companions(path)

    def restore(self, record: Record[LabelledItem]) -> LabelledItem:
        if self.base is None:
            return record.item
        return replace(record.item, content=self.base.restore(Record(record.item.content, record.metadata)))

    def offers(self, method: str) -> bool:
        if method == "cut":
            return False  # A label belongs to the whole content.
        return method == "in_parts" or (self.base is not None and self.base.offers(method))


class LabelledReader:
    """Reads files of content of the domain `base`.

    labels: those that the model knows; empty before they are learned
    """

    def __init__(self, base: Domain[Any], settings: SentimentSettings, labels: tuple[str, ...]) -> None:
        self._base = base
        self._settings = settings
        self._labels = labels

    def read(self, path: Path) -> Iterator[Found]:
        """Yields the labelled items of a file, as spans if its name says so. Raises UnusableFile."""
        found = self._read(path, self._base.read, with_labels=True)
        return map(_as_span, found) if self._holds_spans(path) else found

    def read_prompts(self, path: Path) -> Iterator[Found]:
        """Yields the labelled items of a file that the base reads as a prompt. Raises UnusableFile."""
        return self._read(path, self._base.prompting.read, with_labels=True)

    def read_inputs(self, path: Path) -> Iterator[Found]:
        """Yields items without labels. Labels in the file are not looked at. Raises UnusableFile."""
        return self._read(path, self._base.read, with_labels=False)

    def _holds_spans(self, path: Path) -> bool:
        pattern = self._settings.span_files
        return pattern is not None and fnmatch.fnmatchcase(path.name, pattern)

    def content_file(self, path: Path) -> Path:
        """Returns the first file that a table names, or the file itself if it is not such a table."""
        if not is_table(path):
            return path
        table = self._open(path)
        column = self._path_column(table, path.parent)
        return (file_below(path.parent, table.head[0][column]) if column else None) or path

    def _read(self, path: Path, read_content: ReadContent, *, with_labels: bool) -> Iterator[Found]:
        if is_table(path) or (self._reads_text and is_fasttext(path, self._settings.encoding)):
            yield from self._read_table(path, read_content, with_labels=with_labels)
            return
        if not with_labels and self._reads_lines:
            yield from self._read_lines(path)
            return
        label = path.absolute().parent.name if with_labels else None
        if label is not None and not self._labels and not is_label(label):
            raise UnusableFile(f"in a folder that is named with {INVALID_LABEL}")
        yield from (_labelled(found, label) for found in read_content(path))

    @property
    def _reads_text(self) -> bool:
        return self._base.prompting.offers("from_text")

    @property
    def _reads_lines(self) -> bool:
        """Whether each line of a file is a document of the base."""
        return self._reads_text and getattr(self._base.settings, "document", None) == "line"

    def _read_lines(self, path: Path) -> Iterator[Found]:
        """Yields each line with its number, so that each answer is found again, and a remark for each other line."""
        is_empty = True
        for number, line in enumerate(lines(path, MAX_LINE_LENGTH, self._settings.encoding), 1):
            text = line.rstrip("\r\n")
            if not text.strip():
                yield _unanswered(number, "without content")
                continue
            is_empty = False
            yield from (
                _labelled(item, None, {"row": number, "text": text[:MAX_SHOWN_LENGTH]}) for item in self._items_of(text)
            )
        if is_empty:
            raise UnusableFile("empty")

    def _open(self, path: Path) -> Table:
        settings = self._settings
        named = (settings.content_column, settings.label_column, settings.group_column)
        return open_table(path, known=[*filter(None, named), *PATH_NAMES], encoding=settings.encoding)

    def _read_table(self, path: Path, read_content: ReadContent, *, with_labels: bool) -> Iterator[Found]:
        settings, table = self._settings, self._open(path)
        paths = self._path_column(table, path.parent)
        content = self._content_column(table, paths)
        label = self._label_column(table, content.column) if with_labels else None
        group = table.column(settings.group_column) if with_labels and settings.group_column else None
        if table.header_is_guess:
            yield Remark(f"the first row is taken for the names of the columns: {', '.join(table.columns)}")
        if settings.content_column is None or (with_labels and settings.label_column is None):
            yield _column_remark(content, label, with_labels=with_labels)
        for number, row in enumerate(table.rows(), 1):
            if isinstance(row, Remark):
                yield row
                continue
            text, label_name = row[content.column], label and label.column
            if not text.strip():
                without = Remark("a row without content", dropped=True)
                yield without if with_labels else _unanswered(number, "without content")
                continue
            remark = self._label_remark(row[label_name]) if label_name else None
            if remark:
                yield remark
            if remark and remark.dropped:
                continue
            metadata = row_metadata(number, row, group)
            if not with_labels and not paths:
                metadata["text"] = text[:MAX_SHOWN_LENGTH]
            found = self._named_file(path.parent, text, read_content) if paths else self._cell(text, content.column)
            for item in found:
                yield _labelled(item, row[label_name].strip() or None if label_name else None, metadata)

    def _content_column(self, table: Table, paths: str | None) -> Guess:
        chosen = self._settings.content_column
        if chosen is not None:
            return Guess(table.column(chosen), "as content_column says")
        return Guess(paths, "its cells name files") if paths else table.guess_text()

    def _label_column(self, table: Table, content: str) -> Guess | None:
        settings = self._settings
        if settings.label_column == content:
            raise UnusableFile(
                "a table without a column for labels beside the text", f"columns: {', '.join(table.columns)}"
            )
        if settings.label_column is not None:
            return Guess(table.column(settings.label_column), "as label_column says")
        return table.guess_label([content, *filter(None, [settings.group_column])], "label_column")

    def _path_column(self, table: Table, folder: Path) -> str | None:
        """Returns the column whose first cells all name files below the table's folder."""
        chosen = self._settings.content_column
        names = [chosen] if chosen in table.columns else table.columns
        return next((name for name in names if all(file_below(folder, row[name]) for row in table.head)), None)

    def _label_remark(self, cell: str) -> Remark | None:
        label = cell.strip()
        if not label:
            return Remark("a row without a label: its content is used without one")
        if not self._labels:
            return None if is_label(label) else Remark(INVALID_LABEL, dropped=True)
        return None if label in self._labels else Remark(UNKNOWN_LABEL)

    def _cell(self, text: str, column: str) -> Iterator[Any]:
        if not self._reads_text:
            raise UnusableFile(
                f"a table whose cells are neither files below it nor what the domain {self._base.name!r} reads",
                f"column {column!r}",
            )
        yield from self._items_of(text)

    def _items_of(self, text: str) -> Iterator[Any]:
        try:
            yield self._base.prompting.from_text(text)
        except UnusableFile as error:
            yield Remark(error.reason, dropped=True)

    def _named_file(self, folder: Path, cell: str, read_content: ReadContent) -> Iterator[Any]:
        path = file_below(folder, cell)
        if path is None:
            yield Remark("a row that names no file below the table's folder", dropped=True)
            return
        in_parts = self._base.reading is not None and self._base.reading.in_parts(path)
        if not in_parts and path.stat().st_size > MAX_FILE_BYTES:
            yield Remark(f"a file that a table names: larger than {MAX_FILE_BYTES / 2**20:g} MiB", dropped=True)
            return
        try:
            yield from read_content(path)
        except UnusableFile as error:
            yield Remark(f"a file that a table names: {error.reason}", dropped=True)


def _column_remark(content: Guess, label: Guess | None, *, with_labels: bool) -> Remark:
    """Returns a remark about which columns are read, why, and which settings name others."""
    chosen = f"content is taken from the column {content.column!r} ({content.reason})"
    if not with_labels:
        return Remark(f"{chosen}; content_column=… names another")
    labels = f"the labels from {label.column!r} ({label.reason})" if label else "there are no labels"
    return Remark(f"{chosen}, {labels}; content_column=… and label_column=… name others")


def _unanswered(number: int, reason: str) -> Remark:
    """Returns why a row has no answer."""
    return Remark(f"{f'row {number}' if number <= MAX_NAMED_ROWS else 'further rows'}: {reason}", dropped=True)


def _labelled(found: Any, label: str | None, metadata: dict[str, Any] | None = None) -> Found:
    """Returns what the base has read with a label and more metadata. A remark stays as it is."""
    if isinstance(found, Remark):
        return found
    if isinstance(found, Record):
        return Record(LabelledItem(found.item, label), {**found.metadata, **(metadata or {})})
    return Record(LabelledItem(found, label), metadata) if metadata else LabelledItem(found, label)


def _as_span(found: Found) -> Found:
    """Returns the same content as a part of a document. A remark stays as it is."""
    if isinstance(found, Remark):
        return found
    if isinstance(found, Record):
        return Record(replace(found.item, is_span=True), found.metadata)
    return replace(found, is_span=True)


def is_table(path: PurePath) -> bool:
    """Whether a file of this name is read as a table."""
    return table_ending(path) in (*DELIMITERS, *JSON_LINES)


def is_label(text: str) -> bool:
    """Whether a text can be shown as a label on one line. Other spaces than " " and joiners are of some scripts."""
    visible = "".join("" if character in JOINERS else character for character in text)
    return len(text) <= MAX_LABEL_LENGTH and " ".join(SPACES.split(visible)).isprintable()


def file_below(folder: Path, cell: str) -> Path | None:
    """Returns the file that a cell names, relative to the table's folder. None if there is none, or it is elsewhere.

    A link that leads out of the folder counts as elsewhere.
    """
    inside = PurePath(cell.strip())
    if inside.is_absolute() or ".." in inside.parts:
        return None
    try:
        is_below = (folder / inside).resolve().is_relative_to(folder.resolve())
        return folder / inside if is_below and (folder / inside).is_file() else None
    except (OSError, ValueError, RuntimeError):  # a text may be too long for a name, or contain what no name may
        return None

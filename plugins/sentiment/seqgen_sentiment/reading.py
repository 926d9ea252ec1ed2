"""Reads labelled content from files.

    a table (CSV, TSV, JSON Lines)   a row is content and label; content is text, or the path of a file below the table
    any other file                   content is what the base reads; the label is the name of the folder: pos/1.txt

Content without a label is read too. Training uses it without a label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

from seqgen import Domain, Reading, Record, Remark, UnusableFile
from seqgen.contract.capabilities import MAX_FILE_BYTES
from seqgen.contract.tables import DELIMITERS, JSON_LINES, Row, Table, open_table, row_metadata
from seqgen_sentiment.labelled_item import LabelledItem
from seqgen_sentiment.settings import SentimentSettings

TABLES = (*DELIMITERS, *JSON_LINES)
PATH_NAMES = ("file", "path", "filename", "file_name")
"""The usual names of a column of paths."""
MAX_LABEL_LENGTH = 100
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
        """Yields the labelled items of a file. Raises UnusableFile."""
        return self._read(path, self._base.read, with_labels=True)

    def read_prompts(self, path: Path) -> Iterator[Found]:
        """Yields the labelled items of a file that the base reads as a prompt. Raises UnusableFile."""
        return self._read(path, self._base.prompting.read, with_labels=True)

    def read_inputs(self, path: Path) -> Iterator[Found]:
        """Yields items without labels. Labels in the file are not looked at. Raises UnusableFile."""
        return self._read(path, self._base.read, with_labels=False)

    def content_file(self, path: Path) -> Path:
        """Returns the first file that a table names, or the file itself if it is not such a table."""
        if not is_table(path):
            return path
        table = self._open(path)
        column = self._path_column(table, path.parent)
        return (file_below(path.parent, table.head[0][column]) if column else None) or path

    def _read(self, path: Path, read_content: ReadContent, *, with_labels: bool) -> Iterator[Found]:
        if is_table(path):
            yield from self._read_table(path, read_content, with_labels=with_labels)
            return
        label = path.absolute().parent.name if with_labels else None
        if label is not None and not self._labels and not is_label(label):
            raise UnusableFile(f"in a folder that is named with {INVALID_LABEL}")
        yield from (_labelled(found, label) for found in read_content(path))

    def _open(self, path: Path) -> Table:
        settings = self._settings
        named = (settings.content_column, settings.label_column, settings.group_column)
        return open_table(path, known=[*filter(None, named), *PATH_NAMES])

    def _read_table(self, path: Path, read_content: ReadContent, *, with_labels: bool) -> Iterator[Found]:
        settings, table = self._settings, self._open(path)
        paths = self._path_column(table, path.parent)
        content = paths or table.text_column(settings.content_column)
        has_labels = with_labels and (len(table.columns) > 1 or settings.label_column is not None)
        label = table.label_column(content, settings.label_column) if has_labels else None
        group = table.column(settings.group_column) if with_labels and settings.group_column else None
        if settings.content_column is None or (settings.label_column is None and label is not None):
            labels = "there are no labels" if label is None else f"the labels from {label!r}"
            advice = "content_column=… and label_column=… name others"
            yield Remark(f"content is taken from the column {content!r}, {labels}; {advice}")
        for number, row in enumerate(table.rows(), 1):
            remark = row if isinstance(row, Remark) else self._remark(row, content, label)
            if remark:
                yield remark
            if isinstance(row, Remark) or (remark and remark.dropped):
                continue
            found = self._named_file(path.parent, row[paths], read_content) if paths else self._cell(row, content)
            for item in found:
                yield _labelled(item, row[label].strip() or None if label else None, row_metadata(number, row, group))

    def _path_column(self, table: Table, folder: Path) -> str | None:
        """Returns the column whose first cells all name files below the table's folder."""
        chosen = self._settings.content_column
        names = [chosen] if chosen in table.columns else table.columns
        return next((name for name in names if all(file_below(folder, row[name]) for row in table.head)), None)

    def _remark(self, row: Row, content: str, label: str | None) -> Remark | None:
        if not row[content].strip():
            return Remark("a row without content", dropped=True)
        if label is None:
            return None
        cell = row[label].strip()
        if not cell:
            return Remark("a row without a label: its content is used without one")
        if not self._labels:
            return None if is_label(cell) else Remark(INVALID_LABEL, dropped=True)
        return None if cell in self._labels else Remark(UNKNOWN_LABEL)

    def _cell(self, row: Row, column: str) -> Iterator[Any]:
        if not self._base.prompting.offers("from_text"):
            raise UnusableFile(
                f"a table whose cells are neither files below it nor what the domain {self._base.name!r} reads",
                f"column {column!r}",
            )
        try:
            yield self._base.prompting.from_text(row[column])
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


def _labelled(found: Any, label: str | None, metadata: dict[str, Any] | None = None) -> Found:
    """Returns what the base has read with a label and more metadata. A remark stays as it is."""
    if isinstance(found, Remark):
        return found
    if isinstance(found, Record):
        return Record(LabelledItem(found.item, label), {**found.metadata, **(metadata or {})})
    return Record(LabelledItem(found, label), metadata) if metadata else LabelledItem(found, label)


def is_table(path: PurePath) -> bool:
    """Whether a file of this name is read as a table."""
    return path.suffix.lower() in TABLES


def is_label(text: str) -> bool:
    """Whether a text can be shown as a label on one line."""
    return len(text) <= MAX_LABEL_LENGTH and text.isprintable()


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

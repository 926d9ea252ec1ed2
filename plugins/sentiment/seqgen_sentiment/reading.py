"""Files → labelled content.

    a table (CSV, TSV, JSON Lines)   a row is content and label; content is text, or the path of a file below the table
    any other file                   what the base reads in it; the label is the name of its folder: pos/1.txt

What has no label is read too: it can be learned from, and it is what labels are predicted for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from seqgen import Domain, Remark, UnusableFile
from seqgen.contract.tables import DELIMITERS, JSON_LINES, Row, Table, open_table
from seqgen_sentiment.labelled import Labelled

TABLES = (*DELIMITERS, *JSON_LINES)
FILE_NAMES = ("file", "path", "filename", "file_name")
LONGEST_LABEL = 100
NO_LABEL = f"a label that is longer than {LONGEST_LABEL} characters or cannot be printed"
UNSEEN = "a label that the training split does not have: its content is learned without one"


class LabelledReader:
    """Reads files of content of the domain `base`; `known` are the labels of a vocabulary, none before it is learned.

    content, label: the columns of tables; guessed where None
    """

    def __init__(self, base: Domain[Any], content: str | None, label: str | None, known: tuple[str, ...]) -> None:
        self._base = base
        self._content = content
        self._label = label
        self._known = known

    def read(self, path: Path) -> Iterator[Labelled | Remark]:
        """Raises UnusableFile."""
        path = Path(path)
        if path.suffix.lower() in TABLES:
            yield from self._table(path)
            return
        label = path.absolute().parent.name
        if not self._known and not is_label(label):
            raise UnusableFile(f"in a folder that is named with {NO_LABEL}")
        for content in self._base.read(path):
            yield content if isinstance(content, Remark) else Labelled(content, label)

    def file_of_content(self, path: Path) -> Path:
        """The first file of content that a table names; the file itself where it is no such table."""
        if path.suffix.lower() not in TABLES:
            return path
        table = open_table(path, known=[name for name in (self._content, self._label) if name])
        files = self._column_of_files(table, path.parent)
        return (below(path.parent, table.head[0][files]) if files else None) or path

    def _table(self, path: Path) -> Iterator[Labelled | Remark]:
        named = [name for name in (self._content, self._label) if name]
        table = open_table(path, known=[*named, *FILE_NAMES])
        files = self._column_of_files(table, path.parent)
        content = files or table.text_column(self._content)
        label = self._column_of_labels(table, content)
        if self._content is None or (self._label is None and label is not None):
            labels = "there are no labels" if label is None else f"the labels from {label!r}"
            yield Remark(f"content is taken from the column {content!r}, {labels}; content=… and label=… name others")
        for row in table.rows():
            if isinstance(row, Remark):
                yield row
                continue
            remark = self._what_is_wrong(row, content, label)
            if remark:
                yield remark
            if not (remark and remark.dropped):
                said = row[label].strip() or None if label else None
                contents = self._contents_of(path.parent, row[files]) if files else [self._content_of(row, content)]
                for found in contents:
                    yield found if isinstance(found, Remark) else Labelled(found, said)

    def _column_of_files(self, table: Table, folder: Path) -> str | None:
        """The column whose first cells all name files below the table's folder."""
        names = [self._content] if self._content in table.columns else table.columns
        return next((name for name in names if all(below(folder, row[name]) for row in table.head)), None)

    def _column_of_labels(self, table: Table, content: str) -> str | None:
        """None where nothing is labelled: a model that knows its labels reads what they are to be predicted for."""
        nothing_else = len(table.columns) == 1 and self._label is None
        left_out = bool(self._known) and self._label is not None and self._label not in table.columns
        return None if nothing_else or left_out else table.label_column(content, self._label)

    def _what_is_wrong(self, row: Row, content: str, label: str | None) -> Remark | None:
        if not row[content].strip():
            return Remark("a row without content", dropped=True)
        if label is None:
            return None
        said = row[label].strip()
        if not said:
            return Remark("a row without a label: its content is learned without one")
        if not self._known and not is_label(said):
            return Remark(NO_LABEL, dropped=True)
        return Remark(UNSEEN) if self._known and said not in self._known else None

    def _content_of(self, row: Row, column: str) -> Any:
        try:
            return self._base.prompt_text(row[column])
        except UnusableFile:
            raise UnusableFile(
                f"a table whose cells are neither files below it nor what the domain {self._base.name!r} reads",
                f"column {column!r}",
            ) from None

    def _contents_of(self, folder: Path, cell: str) -> Iterator[Any]:
        path = below(folder, cell)
        if path is None:
            yield Remark("a row that names no file below the table's folder", dropped=True)
            return
        try:
            yield from self._base.read(path)
        except UnusableFile as error:
            yield Remark(f"a file that a table names: {error.reason}", dropped=True)


def is_label(said: str) -> bool:
    """Whether people can be shown it as a label, in a line."""
    return len(said) <= LONGEST_LABEL and said.isprintable()


def below(folder: Path, cell: str) -> Path | None:
    """The file that a cell names, relative to its table's folder; None when there is none, or it lies elsewhere."""
    inside = PurePath(cell.strip())
    if inside.is_absolute() or ".." in inside.parts:
        return None
    try:
        return folder / inside if (folder / inside).is_file() else None
    except (OSError, ValueError):  # a text may be too long for a name, or hold what no name may
        return None

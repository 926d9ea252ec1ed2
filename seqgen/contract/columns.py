"""Which columns of a table are the text and the label, and whether its first row names the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from seqgen.errors import UnusableFile

TEXT_NAMES = ("text", "sentence", "content", "review", "body", "message", "document")
LABEL_NAMES = ("label", "class", "category", "sentiment", "target", "rating", "stars", "emotion", "labels")
ID_NAMES = ("", "id", "index", "idx", "row", "number", "unnamed: 0")
MAX_NAME_LENGTH = 40
NAME = re.compile(r"[^\W\d][\w .-]*")
"""What a name of a column looks like if it is not one of the usual names."""
REPEATED = re.compile(r" \(\d+\)$")
"""What `column_names` adds to a repeated name."""

Cells = Sequence[Sequence[str]]


class Guess(NamedTuple):
    """A column and why it was chosen: "…, because it is named so"."""

    column: str
    reason: str


def is_header(first: Sequence[str], rest: Cells, names: Sequence[str]) -> bool:
    """Whether the first row of a table names its columns.

    It does if one of its cells is one of the usual `names`. It also does if all cells look like names, and a column of
    the other rows repeats few values or numbers, none of which is in the first row.
    """
    if any(cell.strip().lower() in names for cell in first):
        return True
    if not all(NAME.fullmatch(cell) and len(cell) <= MAX_NAME_LENGTH for cell in first) or len(set(first)) < len(first):
        return False
    columns = [list(column) for column in zip(*rest, strict=False)]
    pairs = [(cell, column) for cell, column in zip(first, columns, strict=False) if is_repetitive(column)]
    return bool(pairs) and all(cell not in column for cell, column in pairs)


def is_repetitive(cells: Sequence[str]) -> bool:
    """Whether values repeat as labels do: there are several cells for each value on average."""
    return 2 * len({cell.strip() for cell in cells}) <= len(cells)


def column_names(cells: Sequence[str]) -> list[str]:
    """Returns distinct names: an empty one becomes the number of its column, a repeated one gets that number added."""
    names: list[str] = []
    for number, cell in enumerate(cells, 1):
        name = cell.strip() or str(number)
        while name in names:
            name = f"{name} ({number})"
        names.append(name)
    return names


def guess_text(columns: Sequence[str], head: Sequence[dict[str, str]]) -> Guess:
    """Returns the column with one of the usual names, or else the column with the longest cells."""
    by_name = _by_name(columns, TEXT_NAMES)
    if by_name:
        return Guess(by_name[0], "by its name")
    return Guess(max(columns, key=lambda name: sum(len(row[name]) for row in head)), "its cells are the longest")


def guess_label(
    columns: Sequence[str], head: Sequence[dict[str, str]], excluded: Sequence[str], setting: str
) -> Guess | None:
    """Returns the column of labels, or None if there is no column that may be one.

    It is the column with one of the usual names, or else the only other column that is no number of a row, or else the
    only one of those whose values repeat. Raises UnusableFile if several columns are as likely. `setting` names one.
    """
    others = [name for name in columns if name not in excluded]
    named = _by_name(others, LABEL_NAMES)
    is_repeated = any(REPEATED.search(name) for name in named)
    if len(named) == 1 or (named and named[0].lower() == "label" and not is_repeated):
        return Guess(named[0], "by its name")
    candidates = named or [name for name in others if name.lower() not in ID_NAMES and not name.lower().endswith("_id")]
    if len(candidates) == 1:
        return Guess(candidates[0], "the only other column")
    if not named:
        values = {name: [row[name] for row in head] for name in candidates}
        repetitive = [name for name in candidates if is_repetitive(values[name])]
        if len(repetitive) == 1:
            return Guess(repetitive[0], "the only column whose values repeat")
        candidates = repetitive or candidates
    if not candidates:
        return None
    listed = ", ".join(map(repr, candidates))
    raise UnusableFile(f"several columns may hold the labels: {listed}; name one with {setting}=…")


def _by_name(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Returns the columns with one of the names, in the order of the names."""
    by_name = {column.lower(): column for column in reversed(columns)}
    # A repeated column has its number behind the name.
    repeated = [
        column for column in columns for name in names if REPEATED.sub("", column.lower()) == name != column.lower()
    ]
    return [by_name[name] for name in names if name in by_name] + repeated

"""Objects of JSON Lines files and of JSON arrays, each with its line. A damaged line costs that line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_OBJECT_LENGTH = 16_000_000
SPACE = re.compile(r"\s*")
NO_OBJECT = "no JSON object"
DAMAGED_ARRAY = "not JSON; the rest of the array is not read"


class JsonRow(NamedTuple):
    """One object as text by key, or None with what is wrong.

    line: where the object begins, from 1 on
    """

    line: int
    cells: dict[str, str] | None
    problem: str = ""


def json_line_rows(lines: Iterable[str]) -> Iterator[JsonRow]:
    """Yields the objects of JSON Lines, damaged ones too. Blank lines are skipped."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _row(number, _parsed(line))


def json_array_rows(lines: Iterable[str]) -> Iterator[JsonRow]:
    """Yields the objects of one JSON array. Nothing can be read after a damaged element."""
    decoder, pending = json.JSONDecoder(), _Pending(lines)
    pending.skip("[")
    while pending.skip(",") != "]":
        number = pending.line
        if not pending.first:
            yield JsonRow(number, None, "an array that is cut off")
            return
        while True:
            try:
                value, end = decoder.raw_decode(pending.text, pending.start)
                break
            except RecursionError:
                yield JsonRow(number, None, f"nested too deeply; {DAMAGED_ARRAY}")
                return
            except ValueError:
                if pending.length > MAX_OBJECT_LENGTH or not pending.double():
                    yield JsonRow(number, None, DAMAGED_ARRAY)
                    return
        pending.consume(end)
        yield _row(number, value)


class _Pending:
    """Text of an array that is not parsed yet: `text` from `start` on.

    line: of the character at `start`, from 1 on
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.text, self.start, self.line = "", 0, 1

    @property
    def first(self) -> str:
        """The next character, or "" at the end of the file."""
        return self.text[self.start : self.start + 1]

    @property
    def length(self) -> int:
        return len(self.text) - self.start

    def skip(self, mark: str) -> str:
        """Skips white space, one `mark`, and white space. Returns the next character."""
        self._skip_space()
        if self.first == mark:
            self.consume(self.start + 1)
            self._skip_space()
        return self.first

    def consume(self, end: int) -> None:
        """Moves `start` to `end`."""
        self.line += self.text.count("\n", self.start, end)
        self.start = end

    def double(self) -> bool:
        """Reads as much text again, so that long objects take linear time. Returns False at the end of the file."""
        length, read = max(self.length, 1), 0
        parts = [self.text[self.start :]]
        while read < length and (line := next(self._lines, None)) is not None:
            parts.append(line)
            read += len(line)
        self.text, self.start = "".join(parts), 0
        return read > 0

    def _skip_space(self) -> None:
        while True:
            self.consume(SPACE.match(self.text, self.start).end())  # type: ignore[union-attr]
            if self.first or not self.double():
                return


def _parsed(line: str) -> object:
    """Returns the value of a line, or None if it is not JSON, is nested too deeply, or has half a surrogate pair."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _row(number: int, value: object) -> JsonRow:
    if not isinstance(value, dict):
        return JsonRow(number, None, NO_OBJECT)
    try:
        cells = {str(name): _cell(cell) for name, cell in value.items()}
        "".join([*cells, *cells.values()]).encode()
    except (ValueError, RecursionError):  # half a surrogate pair is no text
        return JsonRow(number, None, NO_OBJECT)
    return JsonRow(number, cells)


def _cell(value: object) -> str:
    """Returns a string as it is, an empty string for null, and anything else as JSON writes it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)

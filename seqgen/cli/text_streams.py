"""Lines of text from standard input or from a pipe, as soon as they are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO

from seqgen.errors import UnusableFile

STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
MAX_LINE_BYTES = 2**20
READ_BYTES = 2**16


def is_text_stream(path: Path) -> bool:
    """Whether a path is standard input or a pipe, which can be read once and only by this process."""
    return str(path) in STANDARD_INPUT or path.is_fifo()


def text_lines(path: Path) -> Iterator[list[str | UnusableFile]]:
    """Yields the lines of a stream without their ends, in lists of those that arrive together.

    For a line that is no text, the list has the reason. Raises UnusableFile for a stream that is closed or empty, or
    has a line of more than MAX_LINE_BYTES.
    """
    with _opened(path) as stream:
        row, rest, is_open = 0, b"", True
        while is_open:
            data = stream.read1(READ_BYTES)  # type: ignore[attr-defined]  # all buffered streams have it
            is_open = bool(data)
            *lines, rest = (rest + data).split(b"\n")
            if rest and not is_open:
                lines.append(rest)
            long = next((number for number, line in enumerate([*lines, rest], 1) if len(line) > MAX_LINE_BYTES), None)
            if long is not None:
                raise UnusableFile(f"{path} cannot be used: row {row + long} has more than {MAX_LINE_BYTES} bytes.")
            if lines:
                yield [_text(line, is_first=row + number == 0) for number, line in enumerate(lines)]
            row += len(lines)
        if not row:
            raise UnusableFile(f"{path} cannot be used: empty.")


def _text(line: bytes, *, is_first: bool) -> str | UnusableFile:
    try:
        text = line.decode("utf-8-sig" if is_first else "utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return UnusableFile("not UTF-8")
    return text if text.strip() else UnusableFile("without content")


def _opened(path: Path) -> nullcontext[BinaryIO] | BinaryIO:
    if str(path) not in STANDARD_INPUT:
        return open(path, "rb")
    if sys.stdin is None:
        raise UnusableFile(f"{path} cannot be used: standard input is closed.")
    return nullcontext(sys.stdin.buffer)

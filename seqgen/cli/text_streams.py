"""Lines of text from standard input or from a pipe, each as soon as it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from seqgen.errors import UnusableFile

STANDARD_INPUT = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
MAX_LINE_BYTES = 2**20


def is_text_stream(path: Path) -> bool:
    """Whether a path is standard input or a pipe, which can be read once and only by this process."""
    return str(path) in STANDARD_INPUT or path.is_fifo()


def text_lines(path: Path) -> Iterator[str | UnusableFile]:
    """Yields the lines of a stream without their ends. For a line that is no text, yields the reason.

    Raises UnusableFile for a stream that is closed or empty, or has a line of more than MAX_LINE_BYTES.
    """
    with _opened(path) as stream:
        row = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            row += 1
            if len(line) > MAX_LINE_BYTES:
                raise UnusableFile(f"{path} cannot be used: row {row} has more than {MAX_LINE_BYTES} bytes.")
            try:
                text = line.decode("utf-8-sig" if row == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                yield UnusableFile("not UTF-8")
                continue
            yield text if text.strip() else UnusableFile("without content")
        if not row:
            raise UnusableFile(f"{path} cannot be used: empty.")


def _opened(path: Path) -> nullcontext[IO[bytes]] | IO[bytes]:
    if str(path) not in STANDARD_INPUT:
        return open(path, "rb")
    if sys.stdin is None:
        raise UnusableFile(f"{path} cannot be used: standard input is closed.")
    return nullcontext(sys.stdin.buffer)

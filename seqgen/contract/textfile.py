"""Text files from outside, read a piece at a time: UTF-8, or a sentence that names the first byte that is not.

Plugins may use it. No more than a piece of a file is in memory, however large the file and however long its lines.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from seqgen.errors import UnusableFile

PIECE_BYTES = 2**20


def pieces(path: Path) -> Iterator[str]:
    """The text of a file in pieces, without a byte-order mark; of an empty file nothing.

    Raises UnusableFile for what is not UTF-8 or holds a NUL, as no text does; its detail says where.
    """
    decoder, offset = codecs.getincrementaldecoder("utf-8")(), 0
    with open(path, "rb") as file:
        while True:
            data = file.read(PIECE_BYTES)
            # The decoder holds back a character that the end of a piece has cut; errors count from there.
            held, before_nul = len(decoder.getstate()[0]), data.partition(b"\0")[0]
            try:
                text = decoder.decode(before_nul, final=not data)
            except UnicodeDecodeError as error:
                where = offset - held + error.start
                raise UnusableFile("not UTF-8", f"byte 0x{error.object[error.start]:02X} at offset {where}") from None
            if len(before_nul) < len(data):
                raise UnusableFile("not text: it holds NUL bytes", f"the first at offset {offset + len(before_nul)}")
            yield text.removeprefix("\ufeff") if offset == 0 else text
            if not data:
                return
            offset += len(data)


def lines(path: Path, max_length: int) -> Iterator[str]:
    """Yields the lines of a file with their ends. Raises UnusableFile for one of more than `max_length` characters."""
    rest = ""
    for piece in pieces(path):
        *whole, rest = (rest + piece).split("\n")
        if len(rest) > max_length or any(len(line) > max_length for line in whole):
            raise UnusableFile(f"a line of more than {max_length} characters")
        yield from (line + "\n" for line in whole)
    if rest:
        yield rest


def is_file(name: str) -> bool:
    """Whether a file is called that; a text may be too long for a name, or hold what no name may."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False

"""Text files from outside, read a piece at a time, in UTF-8 or the encoding that a setting names.

An error names the first byte that the encoding does not have. Plugins may use this module. No more than a piece of a
file is in memory, however large the file and however long its lines.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, cast

from pydantic import AfterValidator

from seqgen.errors import UnusableFile

PIECE_BYTES = 2**20
DEFAULT_ENCODING = "utf-8"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
GZIP_MARK = b"\x1f\x8b"


def checked_encoding(name: str) -> str:
    """Returns `name`. Raises ValueError if there is no such encoding of text."""
    try:
        codecs.getincrementaldecoder(name)().decode(b"", final=True)
        "".encode(name)
    except (LookupError, ValueError, AssertionError, TypeError):
        raise ValueError(f"there is no encoding {name!r}; common ones are utf-8, utf-16, latin-1 and cp1252") from None
    return name


Encoding = Annotated[str, AfterValidator(checked_encoding)]
"""The setting `encoding` of a domain that reads text."""


def pieces(path: Path, encoding: str = DEFAULT_ENCODING) -> Iterator[str]:
    """Yields the text of a file in pieces, without a byte-order mark.

    An empty file yields nothing. A gzip file is decompressed.

    Raises UnusableFile for what is not in this encoding or holds a NUL, as no text does; its detail says where.
    """
    decoder, offset, is_utf8 = codecs.getincrementaldecoder(encoding)(), 0, codecs.lookup(encoding).name == "utf-8"
    with _opened(path) as file:
        while True:
            try:
                data = file.read(PIECE_BYTES)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise UnusableFile("a damaged gzip file", str(error)) from None
            if offset == 0 and is_utf8 and data[:2] in UTF_16_MARKS:
                where = f"byte 0x{data[0]:02X} at offset 0"
                raise UnusableFile("not UTF-8", f"{where}; encoding=utf-16 reads what begins like this")
            # The decoder holds back a character that the end of a piece has cut; errors count from there.
            state = decoder.getstate()[0]
            held, before_nul = len(state), data.partition(b"\0")[0] if is_utf8 else data
            try:
                text = decoder.decode(before_nul, final=not data)
            except UnicodeDecodeError as error:
                position = offset - held + error.start
                byte = f"byte 0x{error.object[error.start]:02X} at offset {position}"
                if is_utf8:
                    raise UnusableFile("not UTF-8", f"{byte}; encoding=… names another, such as cp1252") from None
                raise UnusableFile(f"not {encoding}", byte) from None
            except UnicodeError as error:
                raise UnusableFile(f"not {encoding}", str(error)) from None
            if len(before_nul) < len(data):
                raise UnusableFile("not text: it holds NUL bytes", f"the first at offset {offset + len(before_nul)}")
            if "\0" in text:
                raise UnusableFile(f"not text in {encoding}: it holds NUL characters")
            yield text.removeprefix("\ufeff") if offset == 0 else text
            if not data:
                return
            offset += len(data)


def _opened(path: Path) -> IO[bytes]:
    """Opens a file, or the content of a gzip file."""
    with open(path, "rb") as file:
        is_gzip = file.read(len(GZIP_MARK)) == GZIP_MARK
    return cast("IO[bytes]", gzip.open(path)) if is_gzip else open(path, "rb")


def lines(path: Path, max_length: int, encoding: str = DEFAULT_ENCODING) -> Iterator[str]:
    """Yields the lines of a file with their ends. Raises UnusableFile for one of more than `max_length` characters."""
    rest = ""
    for piece in pieces(path, encoding):
        *lines, rest = (rest + piece).split("\n")
        if len(rest) > max_length or any(len(line) > max_length for line in lines):
            raise UnusableFile(f"a line of more than {max_length} characters")
        yield from (line + "\n" for line in lines)
    if rest:
        yield rest


def is_file(name: str) -> bool:
    """Whether a file is called that; a text may be too long for a name, or hold what no name may."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False

"""The names of tokens. A token stands for some bytes, and its name shows them to people.

The name is the text itself if the bytes are printable text. Otherwise it is `<0xE2>` for each byte. The bytes can be
read from every name.
"""

from __future__ import annotations

import re

UNKNOWN = "<unk>"
BYTES = tuple(bytes([number]) for number in range(256))
_RESERVED = {"<bos>", "<eos>", UNKNOWN}
_ESCAPED_BYTE = re.compile(rb"<0x([0-9A-F]{2})>")


def token_name(data: bytes) -> str:
    """Returns the name of a token that stands for `data`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable() and text not in _RESERVED and not _ESCAPED_BYTE.search(data):
        return text
    return "".join(f"<0x{byte:02X}>" for byte in data)


def token_bytes(name: str) -> bytes:
    """Returns the bytes that the token of this name stands for."""
    return _ESCAPED_BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), name.encode("utf-8"))

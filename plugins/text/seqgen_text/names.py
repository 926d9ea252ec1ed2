"""What tokens are called: each stands for some bytes, and its name shows them to people.

A name is the text itself where the bytes are text, `<0xE2>` for a byte that is none. Every name gives its bytes back.
"""

from __future__ import annotations

import re

UNKNOWN = "<unk>"
BYTES = tuple(bytes([number]) for number in range(256))
_RESERVED = {"<bos>", "<eos>", UNKNOWN}
_BYTE = re.compile(rb"<0x([0-9A-F]{2})>")


def name_of(data: bytes) -> str:
    """The name of a token that stands for `data`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable() and text not in _RESERVED and not _BYTE.search(data):
        return text
    # What is no text, cannot be seen, or would be taken for something else is spelled out.
    return "".join(f"<0x{byte:02X}>" for byte in data)


def bytes_of(name: str) -> bytes:
    """What the token of that name stands for."""
    return _BYTE.sub(lambda found: bytes.fromhex(found[1].decode()), name.encode("utf-8"))

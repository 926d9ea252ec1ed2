"""A short name for the content of an item: equal content, equal bytes, on every machine and in every process.

Two items are copies when their fingerprints are equal; the first 53 bits choose the split.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqgen.errors import PluginError

SIZE = 16


def fingerprint(item: Any) -> bytes:
    """Returns 16 bytes that follow from the content of an item.

    An item is made of str, bytes, int, float, bool, None, tuples, lists, dicts, dataclasses (of which the fields with
    `compare=False` do not count) and NumPy arrays. Raises PluginError for anything else.
    """
    digest = hashlib.blake2b(digest_size=SIZE)
    for part in _parts(item):
        digest.update(part)
    return digest.digest()


def _parts(value: Any) -> Iterator[bytes]:
    """Returns the content as bytes.

    Every value begins with its type and size, so that no two values give the same bytes.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float):
        yield _framed(type(value).__name__, repr(value).encode())
    elif isinstance(value, str):
        yield _framed("str", value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, bytes):
        yield _framed("bytes", value)
    elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield _framed(f"array {value.dtype.str} {value.shape}", np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple | list):
        yield _framed(f"{'tuple' if isinstance(value, tuple) else 'list'} {len(value)}", b"")
        for element in value:
            yield from _parts(element)
    elif isinstance(value, dict):
        yield _framed(f"dict {len(value)}", b"")
        by_name = {fingerprint(key): element for key, element in value.items()}
        for name in sorted(by_name):
            yield name
            yield from _parts(by_name[name])
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field for field in dataclasses.fields(value) if field.compare]
        yield _framed(f"dataclass {type(value).__qualname__} {len(fields)}", b"")
        for field in fields:
            yield _framed("field", field.name.encode())
            yield from _parts(getattr(value, field.name))
    else:
        raise PluginError(
            f"An item holds a {type(value).__qualname__}, which has no fingerprint; make items of plain Python values, "
            "dataclasses and NumPy arrays."
        )


def _framed(kind: str, content: bytes) -> bytes:
    return f"{kind} {len(content)}:".encode() + content

"""The encodings by name, as `--set encoding=…` chooses them."""

from __future__ import annotations

from typing import TypeVar

from seqgen_midi.encodings.base import Encoding

ENCODINGS: dict[str, type[Encoding]] = {}
AnyEncoding = TypeVar("AnyEncoding", bound=type[Encoding])


def register(encoding: AnyEncoding) -> AnyEncoding:
    """Makes an encoding known under its name, and returns it, so that it is a decorator of the class.

    Raises ValueError where another encoding has the name.
    """
    if ENCODINGS.setdefault(encoding.name, encoding) is not encoding:
        raise ValueError(f"there is an encoding {encoding.name!r} already")
    return encoding

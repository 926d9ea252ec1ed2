"""The encodings by name, as `--set encoding=…` chooses them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TypeVar

from seqgen import PluginError, UnknownName
from seqgen_midi.encodings.base import Encoding

ENTRY_POINT_GROUP = "seqgen_midi.encodings"
"""The encodings of other distributions: an entry point has the name of an encoding, and its module registers it."""
ENCODINGS: dict[str, type[Encoding]] = {}
AnyEncoding = TypeVar("AnyEncoding", bound=type[Encoding])


def register(encoding: AnyEncoding) -> AnyEncoding:
    """Makes an encoding known under its name, and returns it, so that it is a decorator of the class.

    Raises ValueError where another encoding has the name.
    """
    if ENCODINGS.setdefault(encoding.name, encoding) is not encoding:
        raise ValueError(f"there is an encoding {encoding.name!r} already")
    return encoding


def find_encoding(name: str) -> type[Encoding]:
    """Returns the encoding of a name.

    Raises UnknownName, and PluginError where another distribution's cannot be loaded.
    """
    if name not in ENCODINGS:
        for entry_point in entry_points(group=ENTRY_POINT_GROUP, name=name):
            try:
                entry_point.load()
            except Exception as error:  # a stranger's module can raise anything
                raise PluginError(
                    f"The encoding {name!r} of {entry_point.value} cannot be loaded: {type(error).__name__}: {error}; "
                    "update or uninstall it."
                ) from error
    if name not in ENCODINGS:
        raise UnknownName("encoding", name, ENCODINGS)
    return ENCODINGS[name]

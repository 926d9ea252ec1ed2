"""The encodings by name: `--set encoding=…`. Others register theirs with `register`."""

from __future__ import annotations

from typing import TypeVar

from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.chorale import Chorale
from seqgen_midi.encodings.drums import Drums
from seqgen_midi.encodings.melody import Melody
from seqgen_midi.encodings.performance import Performance
from seqgen_midi.encodings.score import Score

ENCODINGS: dict[str, type[Encoding]] = {}
AnyEncoding = TypeVar("AnyEncoding", bound=type[Encoding])


def register(encoding: AnyEncoding) -> AnyEncoding:
    """Makes an encoding known under its name, and returns it; also a decorator.

    Raises ValueError for the name of another encoding.
    """
    if ENCODINGS.setdefault(encoding.name, encoding) is not encoding:
        raise ValueError(f"there is an encoding {encoding.name!r} already")
    return encoding


for _encoding in (Chorale, Melody, Drums, Score, Performance):
    register(_encoding)

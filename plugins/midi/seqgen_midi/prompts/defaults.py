"""What is recommended for music: how its models are trained, and how they are sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqgen import Defaults
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.piece import Piece

GIVING_CONSTRAINTS = ("fill", "variation", "harmonise", "accompany")
"""The constraints that give notes within a piece."""


class MidiDefaults(Defaults[Piece]):
    """The defaults of an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def settings(self) -> Mapping[str, Any]:
        return self._encoding.default_training

    def constraints(self, requested: Mapping[str, Any]) -> Mapping[str, Any]:
        """Asks for no parallels and no crossed voices where notes are drawn freely.

        Around given notes a model would too often find no way on.
        """
        is_free = not any(requested.get(name) for name in GIVING_CONSTRAINTS)
        return {"parallels": False, "crossings": False} if is_free and self._encoding.voices else {}

    def sampling(self) -> Mapping[str, float]:
        return self._encoding.default_sampling

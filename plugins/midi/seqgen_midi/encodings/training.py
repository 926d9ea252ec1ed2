"""What a model is trained on: transposed documents, and the vocabulary of a model that it starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from seqgen import Learned, Training, UsageError, Vocabulary, VocabularyLearning
from seqgen.grammar import Conditions, Registers
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.piece import Piece


class MidiTraining(Training[Piece]):
    """Documents in other keys, and what may be known ahead of them."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the document moved by −5 … +6 semitones, as far as its voices go; drums stay."""
        return self._encoding.transpose(ids, rng)

    def registers(self) -> Registers | None:
        """Returns what the notes are compared with in this encoding."""
        return self._encoding.registers

    def conditions(self) -> Conditions | None:
        """Returns what may be known ahead of a piece in this encoding."""
        return self._encoding.conditions

    def shown_conditions(self, ids: np.ndarray, rng: np.random.Generator, metadata: Mapping[str, Any]) -> np.ndarray:
        """Returns a random part of it."""
        return self._encoding.shown_conditions(ids, rng)


class MidiLearning(VocabularyLearning[Piece]):
    """The vocabulary of an encoding is fixed, so a model can start from one with the same encoding and settings."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding

    def observe(self, item: Piece) -> None:
        """Returns nothing, because nothing is learned of a piece."""

    def extend(self, known: Learned, observations: Iterable[Any]) -> Vocabulary:
        """Returns the same vocabulary. Raises UsageError for that of another encoding or of other settings."""
        if known.vocabulary != self._encoding.vocabulary:
            raise UsageError(
                "The model to begin with has another encoding or other settings of it; say encoding=… and what else it "
                "was trained with."
            )
        return known.vocabulary

"""What can be asked of samples, by encoding, and the grammar of what is asked for."""

from __future__ import annotations

from typing import Any

from seqgen import Grammar, Options
from seqgen_midi.constraints.chorale import ChoraleConstraints, chorale_grammar_of
from seqgen_midi.constraints.pieces import (
    DrumConstraints,
    MelodyConstraints,
    PerformanceConstraints,
    ScoreConstraints,
    piece_grammar_of,
)
from seqgen_midi.encodings.base import Encoding, PieceEncoding

CONSTRAINTS: dict[str, type[Options]] = {
    "chorale": ChoraleConstraints,
    "melody": MelodyConstraints,
    "drums": DrumConstraints,
    "score": ScoreConstraints,
    "performance": PerformanceConstraints,
}


def grammar_of(encoding: Encoding[Any], constraints: Any = None) -> Grammar:
    """The automaton of an encoding narrowed by `constraints`; raises ImpossibleConstraints and UsageError."""
    if isinstance(encoding, PieceEncoding):
        return piece_grammar_of(encoding, constraints)
    return chorale_grammar_of(constraints, encoding.settings.tempo)

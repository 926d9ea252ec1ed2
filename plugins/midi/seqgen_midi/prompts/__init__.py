"""What sampling starts from: pieces that are continued, filled in, varied, harmonised or accompanied."""

from __future__ import annotations

from typing import Any

from seqgen import Prompt
from seqgen_midi.encodings.base import Encoding, PieceEncoding
from seqgen_midi.prompts.chorale import chorale_prompt
from seqgen_midi.prompts.pieces import piece_prompt


def prompt_of(encoding: Encoding[Any], item: Any, constraints: Any = None) -> Prompt:
    """The prompt of an item; raises UsageError and ImpossibleConstraints."""
    if isinstance(encoding, PieceEncoding):
        return piece_prompt(encoding, item, constraints)
    return chorale_prompt(item, constraints, encoding.settings.tempo)

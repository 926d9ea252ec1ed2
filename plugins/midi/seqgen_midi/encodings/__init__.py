"""The encodings of the domain by name: `--set encoding=…`."""

from __future__ import annotations

from typing import Any

from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.chorale import ChoraleEncoding
from seqgen_midi.encodings.drums import Drums
from seqgen_midi.encodings.melody import Melody
from seqgen_midi.encodings.performance import Performance
from seqgen_midi.encodings.score import Score

ENCODINGS: dict[str, type[Encoding[Any]]] = {
    "chorale": ChoraleEncoding,
    "melody": Melody,
    "drums": Drums,
    "score": Score,
    "performance": Performance,
}

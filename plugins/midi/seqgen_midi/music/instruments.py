"""The names of instruments that people ask for: General MIDI programmes, their families, and the drums."""

from __future__ import annotations

from collections import Counter

import numpy as np

from seqgen import UnknownName
from seqgen_midi.music.piece import Piece

DRUMS = "drums"


def programs_of(name: str) -> set[int]:
    """The General MIDI programmes (from 0) of a family ("piano"), of a programme's name, or of its number.

    Raises UnknownName.
    """
    from pretty_midi.constants import INSTRUMENT_CLASSES, INSTRUMENT_MAP

    families = [family.lower() for family in INSTRUMENT_CLASSES]
    programs = [program.lower() for program in INSTRUMENT_MAP]
    wanted = name.strip().lower()
    if wanted in families:
        first = families.index(wanted) * 8
        return set(range(first, first + 8))
    if wanted in programs:
        return {programs.index(wanted)}
    if wanted.isdecimal() and int(wanted) < len(programs):
        return {int(wanted)}
    raise UnknownName("instrument", name.strip(), [DRUMS, *families, *programs])


def name_of(program: int) -> str:
    """The name of a General MIDI programme."""
    from pretty_midi.constants import INSTRUMENT_MAP

    return str(INSTRUMENT_MAP[program])


def pitch_class_durations(piece: Piece) -> np.ndarray:
    """How many ticks each pitch class sounds, drums left out: float[12]."""
    tuned = ~piece.drums
    return np.bincount(piece.pitch[tuned] % 12, weights=piece.duration[tuned], minlength=12)


def track_names(piece: Piece) -> list[str]:
    """The names of the tracks: their own, or those of their instruments, numbered from the second of a name on."""
    seen: Counter[str] = Counter()
    names = []
    for track in piece.tracks:
        name = track.name or ("Drums" if track.drums else name_of(track.program))
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return names

"""The names of instruments: General MIDI programs, their families, and the drums."""

from __future__ import annotations

from collections import Counter

from seqgen import UnknownName
from seqgen_midi.music.piece import Piece, Track

DRUMS = "drums"
FAMILY_SIZE = 8


def parse_programs(name: str) -> set[int]:
    """Returns the General MIDI programs (from 0) of a family ("piano"), of a program's name, or of its number.

    Raises UnknownName.
    """
    from pretty_midi.constants import INSTRUMENT_CLASSES, INSTRUMENT_MAP

    families = [family.lower() for family in INSTRUMENT_CLASSES]
    programs = [program.lower() for program in INSTRUMENT_MAP]
    key = name.strip().lower()
    if key in families:
        first = families.index(key) * FAMILY_SIZE
        return set(range(first, first + FAMILY_SIZE))
    if key in programs:
        return {programs.index(key)}
    if key.isdecimal() and int(key) < len(programs):
        return {int(key)}
    raise UnknownName("instrument", name.strip(), [DRUMS, *families, *programs])


def parse_instruments(text: str) -> tuple[set[int], bool]:
    """Returns the programs of a list such as "piano,violin,drums", and whether the drums are in it.

    Raises UnknownName.
    """
    names = [name.strip().lower() for name in text.split(",")]
    return {program for name in names if name != DRUMS for program in parse_programs(name)}, DRUMS in names


def program_name(program: int) -> str:
    """Returns the name of a General MIDI program."""
    from pretty_midi.constants import INSTRUMENT_MAP

    return str(INSTRUMENT_MAP[program])


def instrument_name(track: Track) -> str:
    """Returns the name of the instrument of a track."""
    return DRUMS.capitalize() if track.is_drums else program_name(track.program)


def track_names(piece: Piece) -> list[str]:
    """Returns the names of the tracks: their own, or those of their instruments.

    A second track of the same name gets a number.
    """
    counts: Counter[str] = Counter()
    names = []
    for track in piece.tracks:
        name = track.name or instrument_name(track)
        counts[name] += 1
        names.append(name if counts[name] == 1 else f"{name} {counts[name]}")
    return names

"""The four voices of a chorale."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """One voice: its letter in constraints, its MIDI pitches, and music21's name of its clef."""

    letter: str
    name: str
    lowest: int
    highest: int
    clef: str


VOICES = (
    Voice("S", "Soprano", 55, 83, "TrebleClef"),
    Voice("A", "Alto", 50, 77, "TrebleClef"),
    Voice("T", "Tenor", 45, 72, "Treble8vbClef"),
    Voice("B", "Bass", 33, 66, "BassClef"),
)
"""The ranges hold every four-part chorale of music21's Bach corpus (S 57–81, A 53–74, T 48–69, B 36–64), and ten or
eleven of the twelve transpositions −5 … +6 of a typical one."""
CHOIR_PROGRAM = 52
"""The General MIDI program "Choir Aahs", from 0."""

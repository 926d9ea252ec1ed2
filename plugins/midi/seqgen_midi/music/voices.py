"""The tables of the chorale encoding: its four voices and its meters."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Voice:
    """One singer: a letter for constraints, MIDI pitches, a General MIDI programme (from 0), a colour for pictures."""

    letter: str
    name: str
    lowest: int
    highest: int
    program: int
    colour: str


# Wide enough for every four-part chorale of music21's Bach corpus (S 57–81, A 53–74, T 48–69, B 36–64), and for ten or
# eleven of the twelve transpositions −5…+6 of a typical one.
VOICES = (
    Voice("S", "Soprano", 55, 83, 52, "#c8553d"),
    Voice("A", "Alto", 50, 77, 52, "#e0a030"),
    Voice("T", "Tenor", 45, 72, 52, "#3d8f6f"),
    Voice("B", "Bass", 33, 66, 52, "#33658a"),
)
LOWEST = min(voice.lowest for voice in VOICES)
HIGHEST = max(voice.highest for voice in VOICES)

# 16ths in a bar, the commonest meter first: where not all meters fit into a grammar, the first ones are kept.
METERS = {"4/4": 16, "3/4": 12, "3/2": 24, "2/4": 8, "6/8": 12, "2/2": 16, "12/8": 24, "6/4": 24}
LONGEST_BAR = max(METERS.values())

"""Chord symbols: a root and a quality, as lead sheets and ABC tunes write them above the bars."""

from __future__ import annotations

import re

ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
QUALITIES = {
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "aug": (0, 4, 8), "sus4": (0, 5, 7),
}  # fmt: skip
"""The semitones above the root of each quality, under its name in ABC and MusicXML."""
CHORD_NAMES = tuple(root + quality for root in ROOTS for quality in QUALITIES)
"""The chord on pitch class r of quality q is CHORD_NAMES[r · len(QUALITIES) + q]."""

QUALITY_ALIASES = {
    "maj": "", "M": "", "min": "m", "-": "m", "M7": "maj7", "Maj7": "maj7", "min7": "m7", "-7": "m7", "o": "dim",
    "°": "dim", "o7": "dim7", "°7": "dim7", "ø": "m7b5", "ø7": "m7b5", "+": "aug", "sus": "sus4",
}  # fmt: skip
"""Other common names of QUALITIES."""
NAME = re.compile(r"([A-G])([#b]?)([^/\s]*)(?:/[A-G][#b]?)?")


def chord_name(root: int, quality: int) -> str:
    """Returns the symbol of a chord: "Am" for root 9 and quality 1."""
    return CHORD_NAMES[root * len(QUALITIES) + quality]


def quality_of(pitch_classes: set[int], root: int) -> int | None:
    """Returns the index into QUALITIES of the largest chord on `root` within a set of pitch classes.

    Returns None if none fits.
    """
    above = {(pitch_class - root) % 12 for pitch_class in pitch_classes}
    qualities = list(QUALITIES.values())
    fitting = [number for number, steps in enumerate(qualities) if set(steps) <= above]
    return max(fitting, key=lambda number: len(qualities[number]), default=None)


def parse_chord(name: str) -> tuple[int, int] | None:
    """Returns the root and the quality of a chord symbol such as "Am", "F#m7" or "C/E", or None.

    The bass is left out.
    """
    match = NAME.fullmatch(name.strip())
    if match is None:
        return None
    letter, accidental, quality = match.groups()
    quality = QUALITY_ALIASES.get(quality, quality)
    if quality not in QUALITIES:
        return None
    root = ROOTS.index(letter) + {"": 0, "#": 1, "b": -1}[accidental]
    return root % 12, list(QUALITIES).index(quality)

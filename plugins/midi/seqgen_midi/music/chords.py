"""Chord symbols: a root and a kind, as lead sheets and ABC tunes write them over the bars."""

from __future__ import annotations

ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# Semitones above the root of each kind, and how the kind is written in ABC and MusicXML.
KINDS = {
    "": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10), "dim": (0, 3, 6),
    "dim7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "aug": (0, 4, 8), "sus4": (0, 5, 7),
}  # fmt: skip
KIND_NAMES = tuple(KINDS)
NAMES = tuple(root + kind for root in ROOTS for kind in KINDS)
"""The chord of pitch class r and kind k is NAMES[r · len(KINDS) + k]."""


def kind_of(pitch_classes: set[int], root: int) -> int | None:
    """The index into KINDS of the largest chord on `root` that stands in a set of pitch classes; None without any."""
    above = {(pitch - root) % 12 for pitch in pitch_classes}
    fitting = [number for number, kind in enumerate(KINDS.values()) if set(kind) <= above]
    return max(fitting, key=lambda number: len(KINDS[KIND_NAMES[number]]), default=None)

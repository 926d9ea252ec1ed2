"""Puts notes with exact times on the grid of 16ths, or says why they cannot be put there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from seqgen import UnusableFile
from seqgen_midi.music.chorale import HOLD, REST, Column
from seqgen_midi.music.voices import VOICES

MOST_COLUMNS = 8192
"""512 bars of 4/4; whatever is longer is no chorale."""
FARTHEST = Fraction(1, 4)
"""Of a 16th: how far from the grid a note may begin. A triplet or a 32nd is farther off."""

TimedNote = tuple[Fraction, Fraction, int]
"""Start and end in 16ths, and the MIDI pitch."""


def quantise(voices: Sequence[Sequence[TimedNote]], fewest: int = len(VOICES)) -> tuple[Column, ...]:
    """The grid of four voices, soprano first, without silence at its end; of fewer (at least `fewest`), the rest rests.

    Starts and ends go to the nearest 16th. Raises UnusableFile when there are too few or too many voices, a voice sings
    two notes at once, a note lies between the 16ths or would vanish, or the piece is too long.
    """
    if not fewest <= len(voices) <= len(VOICES):
        raise UnusableFile("not in four voices")
    end = max((note[1] for voice in voices for note in voice), default=Fraction(0))
    if end <= 0:
        raise UnusableFile("empty")
    if end > MOST_COLUMNS:
        raise UnusableFile(f"longer than {MOST_COLUMNS} 16ths")
    grid = [[REST] * len(VOICES) for _ in range(round(end))]
    for number, voice in enumerate(voices):
        silent_until = 0
        for start, stop, pitch in sorted(voice):
            first, last = round(start), round(stop)
            if abs(start - first) >= FARTHEST or last <= first:
                raise UnusableFile("rhythms finer than a 16th")
            if first < silent_until:
                raise UnusableFile("two notes at once in a voice")
            grid[first][number] = pitch
            for column in range(first + 1, last):
                grid[column][number] = HOLD
            silent_until = last
    return tuple((s, a, t, b) for s, a, t, b in grid)

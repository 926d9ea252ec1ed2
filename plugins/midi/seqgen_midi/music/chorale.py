"""The item of the domain, a four-part chorale on a grid of 16ths, and its encoding as tokens.

A document is `meter:4/4 pickup:4`, then the columns of the grid, four tokens each, soprano first: `pitch:60` where a
note begins, `hold` while it sounds, `rest` where the voice is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seqgen import EOS, UnusableFile, Vocabulary
from seqgen_midi.music.keys import Key, estimate_key
from seqgen_midi.music.voices import HIGHEST, LONGEST_BAR, LOWEST, METERS, VOICES

HOLD, REST = -1, -2
HEADER = 3
"""Ids before the first column: BOS, meter, pickup."""

VOCABULARY = Vocabulary(
    [
        *(f"meter:{meter}" for meter in METERS),
        *(f"pickup:{sixteenths}" for sixteenths in range(LONGEST_BAR)),
        "rest",
        "hold",
        *(f"pitch:{pitch}" for pitch in range(LOWEST, HIGHEST + 1)),
    ]
)
METER_IDS = {meter: VOCABULARY.ids[f"meter:{meter}"] for meter in METERS}
FIRST_PICKUP = VOCABULARY.ids["pickup:0"]
REST_ID, HOLD_ID, FIRST_PITCH = (VOCABULARY.ids[name] for name in ("rest", "hold", f"pitch:{LOWEST}"))
LOWEST_IDS, HIGHEST_IDS = (
    np.array([FIRST_PITCH + pitch - LOWEST for pitch in pitches])
    for pitches in ([voice.lowest for voice in VOICES], [voice.highest for voice in VOICES])
)

Column = tuple[int, int, int, int]


@dataclass(frozen=True)
class Note:
    """A note of one voice: its first 16th, the 16th where it has ended, and its MIDI pitch."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Chorale:
    """Four voices on a grid of 16ths.

    meter:  one of METERS, such as "4/4".
    pickup: 16ths before the first full bar.
    grid:   one tuple a 16th, soprano first: a MIDI pitch where a note begins, HOLD while it sounds, or REST.
    """

    meter: str
    pickup: int
    grid: tuple[Column, ...]

    @property
    def bar(self) -> int:
        """16ths in a full bar."""
        return METERS[self.meter]

    def array(self) -> np.ndarray:
        """The grid as int[columns, 4]."""
        return np.array(self.grid, np.int64).reshape(-1, len(VOICES))

    def notes(self, voice: int) -> list[Note]:
        """The notes of one voice (0 is the soprano) in order; a hold with nothing to hold counts as silence."""
        found: list[Note] = []
        for column, codes in enumerate(self.grid):
            code = codes[voice]
            if code >= 0:
                found.append(Note(column, column + 1, code))
            elif code == HOLD and found and found[-1].end == column:
                found[-1] = Note(found[-1].start, column + 1, found[-1].pitch)
        return found

    def bar_lines(self) -> list[int]:
        """The columns at which full bars begin."""
        return list(range(self.pickup, len(self.grid), self.bar))

    def bar_of(self, column: int) -> int:
        """The number of the bar that a column lies in: 1 is the first full one, 0 the pickup."""
        return (column - self.pickup) // self.bar + 1


def tokens(item: Chorale) -> np.ndarray:
    """An item's header and columns as ids: int64[2 + 4 · columns], without BOS and EOS.

    Raises UnusableFile for what this encoding has no tokens for: another meter, a voice that leaves its range.
    """
    if item.meter not in METERS:
        raise UnusableFile("a meter other than " + ", ".join(METERS))
    if not 0 <= item.pickup < item.bar:
        raise UnusableFile("a pickup longer than a bar")
    grid = item.array()
    lowest, highest = ([voice.lowest for voice in VOICES], [voice.highest for voice in VOICES])
    if ((grid >= 0) & ((grid < lowest) | (grid > highest))).any():
        raise UnusableFile("a voice leaves its range")
    columns = np.where(grid >= 0, FIRST_PITCH + grid - LOWEST, np.where(grid == HOLD, HOLD_ID, REST_ID))
    return np.concatenate([[METER_IDS[item.meter], FIRST_PICKUP + item.pickup], columns.ravel()])


def decode(ids: np.ndarray) -> Chorale:
    """The item of ids[n] from BOS on, with EOS or cut short anywhere; an incomplete last column is left out.

    A document that was cut off within its header is an empty piece.
    """
    content = ids[1:-1] if len(ids) > 1 and ids[-1] == EOS else ids[1:]
    meter = VOCABULARY[int(content[0])].removeprefix("meter:") if len(content) > 0 else next(iter(METERS))
    pickup = int(content[1]) - FIRST_PICKUP if len(content) > 1 else 0
    columns = np.asarray(content[2:], np.int64)
    columns = columns[: len(columns) // len(VOICES) * len(VOICES)].reshape(-1, len(VOICES))
    pitches = columns - FIRST_PITCH + LOWEST
    grid = np.where(columns >= FIRST_PITCH, pitches, np.where(columns == HOLD_ID, HOLD, REST))
    return Chorale(meter, pickup, tuple((s, a, t, b) for s, a, t, b in grid.tolist()))


def transpose(ids: np.ndarray, rng: np.random.Generator, down: int, up: int) -> np.ndarray:
    """`ids` moved by a random number of semitones, uniform among −down…+up that keep each voice within its range.

    The header and everything that is no pitch stay; without any pitch nothing changes.
    """
    lowest, highest = -down, up
    for voice in range(len(VOICES)):
        line = ids[HEADER + voice :: len(VOICES)]
        line = line[line >= FIRST_PITCH]
        if line.size:
            lowest = max(lowest, int(LOWEST_IDS[voice] - line.min()))
            highest = min(highest, int(HIGHEST_IDS[voice] - line.max()))
    shift = int(rng.integers(lowest, highest + 1))
    return (ids + (ids >= FIRST_PITCH) * shift).astype(ids.dtype)


def key_of(item: Chorale) -> Key:
    """The key that the sounding time of the pitch classes suggests."""
    return estimate_key(_pitch_class_durations([item]))


def _pitch_class_durations(items: Sequence[Chorale]) -> np.ndarray:
    """How many 16ths each pitch class sounds, over all voices: float[12]."""
    durations = np.zeros(12)
    for item in items:
        for voice in range(len(VOICES)):
            for note in item.notes(voice):
                durations[note.pitch % 12] += note.end - note.start
    return durations

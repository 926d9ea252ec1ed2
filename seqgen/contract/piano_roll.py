"""Notes in real time, which a page draws and plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class PianoRoll:
    """The notes of an item in real time.

    notes:        float64[n, 5], in the order of their starts: start and duration in seconds, MIDI pitch, loudness from
                  0 to 1, and the number of the track
    note_numbers: int[m], the row of `notes` that each id of the document says something of; −1 for none
    tracks:       the name of each track
    is_drums:     whether each track is a drum kit
    bar_lines:    the second at which each bar begins, and at last the one at which the last bar ends. Empty for music
                  without bars.
    first_bar:    the number of the first bar; 0 for a pickup
    title:        what it is, for people
    """

    notes: np.ndarray
    note_numbers: np.ndarray
    tracks: tuple[str, ...]
    is_drums: tuple[bool, ...]
    bar_lines: tuple[float, ...] = ()
    first_bar: int = 1
    title: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns the same as JSON values. Times are rounded to milliseconds."""
        return {
            "notes": [
                [round(start, 3), round(duration, 3), int(pitch), round(loudness, 2), int(track)]
                for start, duration, pitch, loudness, track in self.notes.tolist()
            ],
            "tracks": list(self.tracks),
            "is_drums": list(self.is_drums),
            "bar_lines": [round(second, 3) for second in self.bar_lines],
            "first_bar": self.first_bar,
            "title": self.title,
        }

"""For tests: a backend of mido whose input plays what a test puts there, and whose output keeps what is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mido

PLAYED: list[tuple[float, mido.Message]] = []
"""Messages that the input has, each from a second of the clock on."""
SENT: list[tuple[float, mido.Message]] = []
"""Messages that were sent, each with its second."""


class SteppingClock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.second = 0.0

    def now(self) -> float:
        return self.second

    def sleep(self, seconds: float) -> None:
        self.second += seconds


CLOCK = SteppingClock()


class Port:
    def __init__(self, name: str, virtual: bool = False, **options: Any) -> None:
        assert virtual
        self.name = name

    def __enter__(self) -> Port:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class Input(Port):
    def iter_pending(self) -> Iterator[mido.Message]:
        while PLAYED and PLAYED[0][0] <= CLOCK.second:
            yield PLAYED.pop(0)[1]


class Output(Port):
    def send(self, message: mido.Message) -> None:
        SENT.append((CLOCK.second, message))


def play(notes: list[tuple[float, float, int]]) -> None:
    """Puts notes of (start, length, pitch) in seconds on the input, and begins the clock and the output anew."""
    CLOCK.second = 0.0
    SENT.clear()
    PLAYED[:] = sorted(
        [
            *((start, mido.Message("note_on", note=pitch)) for start, _, pitch in notes),
            *((start + length, mido.Message("note_off", note=pitch)) for start, length, pitch in notes),
        ],
        key=lambda one: one[0],
    )

"""Phrases that are played on a MIDI port: when one ends, as a MIDI file, and how another one is played in answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mido

TICKS_PER_QUARTER = 480
POLL_SECONDS = 0.005
"""How often an input port is asked for new messages."""


class Clock(NamedTuple):
    """The time in seconds, and how to let it pass."""

    now: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep


class Phrase(NamedTuple):
    """Messages that were played, each with its second from the first one, and when the last of them was played."""

    messages: list[tuple[float, mido.Message]]
    end: float

    @property
    def note_count(self) -> int:
        return sum(_begins_note(message) for _, message in self.messages)


def wait_for_phrase(port: Any, silence: float, clock: Clock) -> Phrase:
    """Returns the notes that are played on a port until all keys have been up for `silence` seconds."""
    messages: list[tuple[float, mido.Message]] = []
    begun = last = clock.now()
    sounding: set[tuple[int, int]] = set()
    while not messages or sounding or clock.now() - last < silence:
        for message in port.iter_pending():
            if message.type not in ("note_on", "note_off"):
                continue
            key, last = (message.channel, message.note), clock.now()
            if _begins_note(message):
                begun = begun if messages else last
                sounding.add(key)
            elif not messages:
                continue
            else:
                sounding.discard(key)
            messages.append((last - begun, message))
        clock.sleep(POLL_SECONDS)
    return Phrase(messages, last)


def write_phrase(phrase: Phrase, tempo: float, path: Path) -> None:
    """Writes a phrase as a MIDI file at a tempo in quarters a minute."""
    microseconds = mido.bpm2tempo(tempo)
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=microseconds)])
    now = 0
    for second, message in phrase.messages:
        tick = round(mido.second2tick(second, TICKS_PER_QUARTER, microseconds))
        track.append(message.copy(time=tick - now))
        now = tick
    file.tracks.append(track)
    file.save(path)


def play_file(path: Path, port: Any, clock: Clock) -> float:
    """Plays a MIDI file on a port, and returns the time at which its first note began."""
    begun, second, first_note = clock.now(), 0.0, None
    for message in mido.MidiFile(path):
        second += message.time
        if message.is_meta:
            continue
        clock.sleep(max(0.0, begun + second - clock.now()))
        if first_note is None and _begins_note(message):
            first_note = clock.now()
        port.send(message)
    return begun if first_note is None else first_note


def _begins_note(message: mido.Message) -> bool:
    return bool(message.type == "note_on" and message.velocity > 0)

"""The channels of a MIDI file: 15 for programs, and one for the drums.

Each track has its own channel while there are enough, then each program has, and then programs take turns: a program
change stands before a note wherever another program played on its channel before.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import mido
import numpy as np

from seqgen import SeqgenWarning
from seqgen_midi.io.midi_chunks import DRUM_CHANNEL

PROGRAM_CHANNELS = (*range(9), *range(10, 16))


def assign_channels(programs: Sequence[int | None], sounding: np.ndarray) -> list[int]:
    """Returns the channel of each track.

    programs: of each track; None for the drums
    sounding: bool[tracks, quarters]; when each track plays

    Of more programs than channels, those with the fewest quarters join the channels on which they overlap least. That
    is said in a SeqgenWarning.
    """
    tuned = [number for number, program in enumerate(programs) if program is not None]
    if len(tuned) <= len(PROGRAM_CHANNELS):
        own = dict(zip(tuned, PROGRAM_CHANNELS, strict=False))
        return [own.get(number, DRUM_CHANNEL) for number in range(len(programs))]
    plays: dict[int, np.ndarray] = {}
    for number in tuned:
        program = int(programs[number] or 0)
        plays[program] = plays.get(program, False) | sounding[number]
    ordered = list(plays)
    if len(plays) > len(PROGRAM_CHANNELS):
        ordered.sort(key=lambda program: -int(plays[program].sum()))
    channels = dict(zip(ordered, PROGRAM_CHANNELS, strict=False))
    busy = {channels[program]: plays[program].copy() for program in channels}
    for program in ordered[len(PROGRAM_CHANNELS) :]:
        channels[program] = min(busy, key=lambda channel: int((busy[channel] & plays[program]).sum()))
        busy[channels[program]] |= plays[program]
    if len(plays) > len(PROGRAM_CHANNELS):
        warnings.warn(
            f"{len(plays)} instruments play, and a MIDI file has {len(PROGRAM_CHANNELS)} channels for them, so "
            f"{len(plays) - len(PROGRAM_CHANNELS)} of them take turns with others on a channel.",
            SeqgenWarning,
            stacklevel=2,
        )
    return [DRUM_CHANNEL if program is None else channels[program] for program in programs]


def set_channels(file: mido.MidiFile, tracks: Sequence[int], channels: Sequence[int]) -> None:
    """Puts tracks of a file on channels, with a program change wherever the program of a channel changes.

    tracks: the positions of the tracks in the file, each of which begins with a program change
    """
    events: list[tuple[int, int, int]] = []
    for number, (position, channel) in enumerate(zip(tracks, channels, strict=True)):
        now = 0
        for place, message in enumerate(file.tracks[position]):
            now += message.time
            if not message.is_meta:
                message.channel = channel
                if message.type == "note_on" and message.velocity:
                    events.append((now, number, place))
    programs = [_program(file.tracks[position]) for position in tracks]
    current: dict[int, int] = {}
    turns: dict[int, list[int]] = {}
    for _, number, place in sorted(events):
        # The first note has one in any case: a track without its own program change would get that of another track.
        if number not in turns or current.get(channels[number]) != programs[number]:
            turns.setdefault(number, []).append(place)
        current[channels[number]] = programs[number]
    players: dict[int, set[int]] = {}
    for program, channel in zip(programs, channels, strict=True):
        players.setdefault(channel, set()).add(program)
    for number, position in enumerate(tracks):
        if len(players[channels[number]]) > 1:
            _change_program_before(file.tracks[position], turns.get(number, []), programs[number], channels[number])


def _program(track: mido.MidiTrack) -> int:
    return next(int(message.program) for message in track if message.type == "program_change")


def _change_program_before(track: mido.MidiTrack, places: Sequence[int], program: int, channel: int) -> None:
    """Replaces the program change at the beginning of a track by one before each of the messages at `places`."""
    messages: list[mido.Message] = []
    for place, message in enumerate(track):
        if message.type == "program_change":
            continue
        if place in places:
            messages.append(mido.Message("program_change", program=program, channel=channel, time=message.time))
            message = message.copy(time=0)
        messages.append(message)
    track[:] = messages

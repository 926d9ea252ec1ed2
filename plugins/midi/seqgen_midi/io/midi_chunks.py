"""The chunks of a MIDI file: out of their envelope, checked, and with the programs that other tracks set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from seqgen import UnusableFile

CHUNK_HEAD_BYTES = 8
"""The name of a chunk and its length."""
MIN_HEADER_BYTES = 6
ONE_SONG, INDEPENDENT_TRACKS = 1, 2
"""Formats of MIDI files. A file of format 2 holds one piece in each track."""
CHORD_TEXT = re.compile(rb"\xff\x01[\x01-\x10][A-G]")
TEXT = b"\xff\x01"
KEY_PREFIX = "Key: "
"""The beginning of a text event that names a key in a mode which MIDI's key signatures do not have."""
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, PITCH_BEND, SYSTEM, META = 0x80, 0x90, 0xB0, 0xC0, 0xE0, 0xF0, 0xFF
END_OF_TRACK = b"\xff\x2f\x00"
DRUM_CHANNEL = 9
SUSTAIN_PEDAL = 64
"""The number of its controller."""
WAITS = 3
"""How many waits of the longest time between two events come before all keys are released."""
UNRELEASED_TICKS = WAITS * (2**28 - 1)
"""The least length of a note that no message of a file ends: 24 576 quarters at the finest resolution that MIDI has."""
WAIT = TEXT + b"\x00" + b"\xff\xff\xff\x7f"
"""A text of no letters, and the longest time between two events."""
KEYS_UP = b"\x00".join(bytes([key, 0]) for key in range(128))
RELEASES = {bytes([NOTE_ON + channel]): b"%c%b%c" % (NOTE_OFF + channel, KEYS_UP, 0) for channel in range(16)}
"""By the status of notes on a channel: note-off messages for all keys, and the time from the last one to an event."""


class Chunks(NamedTuple):
    """What a MIDI file holds.

    format:         0, 1 or 2
    resolution:     ticks in a quarter
    tracks:         the content of each track
    trailing_bytes: how many bytes follow the last chunk
    """

    format: int
    resolution: int
    tracks: list[bytes]
    trailing_bytes: int


class Event(NamedTuple):
    """An event of a track: its tick, and its message with the status byte first."""

    tick: int
    message: bytes


class Head(NamedTuple):
    """The events of a track before its first note, or all of them if it has no notes."""

    events: list[Event]
    has_notes: bool


def split_chunks(data: bytes) -> Chunks:
    """Returns the chunks of a MIDI file, which may be in a RIFF envelope.

    Raises UnusableFile unless it has musical time and is complete. A file is complete when it holds as many tracks as
    its header says.
    """
    data = _out_of_envelope(data)
    if data[:4] != b"MThd":
        raise UnusableFile("not a MIDI file")
    position = CHUNK_HEAD_BYTES + int.from_bytes(data[4:8], "big")
    if position > len(data) or position < CHUNK_HEAD_BYTES + MIN_HEADER_BYTES:
        raise UnusableFile("a MIDI file that was cut off")
    form, track_count, division = (int.from_bytes(data[start : start + 2], "big") for start in (8, 10, 12))
    # From 2¹⁵ on, the number gives the ticks of film frames (SMPTE) and not of quarters.
    if not 0 < division < 2**15:
        raise UnusableFile("no musical time")
    tracks: list[bytes] = []
    while position + CHUNK_HEAD_BYTES <= len(data):
        name, start = data[position : position + 4], position + CHUNK_HEAD_BYTES
        end = start + int.from_bytes(data[position + 4 : start], "big")
        if end > len(data) or not name.isalnum():
            break
        if name == b"MTrk":
            tracks.append(data[start:end])
        position = end
    if len(tracks) < track_count:
        raise UnusableFile("a MIDI file that was cut off")
    return Chunks(form, division, tracks, len(data) - position)


def join_tracks(resolution: int, tracks: list[bytes]) -> bytes:
    """Returns a MIDI file of one song in these tracks."""
    header = b"".join(number.to_bytes(2, "big") for number in (ONE_SONG, len(tracks), resolution))
    chunks = [(b"MThd", header), *((b"MTrk", track) for track in tracks)]
    return b"".join(name + len(content).to_bytes(4, "big") + content for name, content in chunks)


def _out_of_envelope(data: bytes) -> bytes:
    """Returns the MIDI file within a RIFF file of the kind RMID, or other data as it is. Raises UnusableFile."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    position = 12
    while position + CHUNK_HEAD_BYTES <= len(data):
        start = position + CHUNK_HEAD_BYTES
        length = int.from_bytes(data[position + 4 : start], "little")
        if data[position : position + 4] == b"data":
            return data[start : start + length]
        position = start + length + length % 2
    raise UnusableFile("a MIDI file that was cut off")


def events(track: bytes) -> Iterator[Event]:
    """Yields the events of a track up to its end. Raises IndexError for a track that ends within an event."""
    position, tick, running = 0, 0, 0
    while position < len(track):
        # Almost every number has one byte.
        delta, position = track[position], position + 1
        if delta >= 0x80:
            delta, position = _variable_length(track, position - 1)
        tick += delta
        status = track[position] if track[position] >= 0x80 else running
        start = position + (track[position] >= 0x80)
        if status < SYSTEM:
            running = status
            position = start + (1 if status & 0xE0 == PROGRAM else 2)
        else:
            length, content = _variable_length(track, start + (status == META))
            position = content + length
        if position > len(track) or status < 0x80:
            raise IndexError("a track ends within an event")
        yield Event(tick, bytes([status]) + track[start:position])
        if track[start - 1 : position] == END_OF_TRACK:
            return


def _variable_length(track: bytes, position: int) -> tuple[int, int]:
    """Returns a number of seven bits a byte, and the position after it."""
    value = 0
    while True:
        byte = track[position]
        value, position = value << 7 | byte & 0x7F, position + 1
        if byte < 0x80:
            return value, position


def _packed(content: list[Event]) -> bytes:
    """Returns the track of some events."""
    parts, now = [], 0
    for tick, message in content:
        delta, now = tick - now, tick
        digits = [delta & 0x7F]
        while delta := delta >> 7:
            digits.append(0x80 | delta & 0x7F)
        parts += [bytes(reversed(digits)), message]
    return b"".join(parts)


def head(track: bytes) -> Head:
    """Returns the head of a track. An event that is damaged ends it."""
    found: list[Event] = []
    try:
        for event in events(track):
            if event.message[0] & 0xF0 == NOTE_ON:
                return Head(found, has_notes=True)
            found.append(event)
    except IndexError:
        pass
    return Head(found, has_notes=False)


def share_channels(tracks: list[bytes], heads: list[Head]) -> list[bytes]:
    """Returns the tracks, with what other tracks set for their channels: programs and pedals.

    A channel has one program and one pedal for all tracks that play on it. A track keeps its own program, if it sets
    one before its first note.
    """
    changes = [_shared_events(number, tracks, head) for number, head in enumerate(heads)]
    shared = []
    for number, track in enumerate(tracks):
        own = set(changes[number])
        own_programs = {event.message[0] for event in own}
        others = [
            event
            for other, found in enumerate(changes)
            for event in found
            if other != number
            and (event not in own if _is_pedal(event.message) else event.message[0] not in own_programs)
            and (event.message[0] & 15) + NOTE_ON in track
        ]
        if all(event.tick == 0 for event in others):
            # The usual case, without going through the events of the track.
            shared.append(b"".join(b"\0" + event.message for event in others) + track)
            continue
        mine = list(events(track))
        in_time = [event for event in others if event.tick <= mine[-1].tick]
        shared.append(_packed(sorted([*in_time, *mine], key=lambda event: event.tick)))
    return shared


def _shared_events(number: int, tracks: list[bytes], head: Head) -> list[Event]:
    """Returns what a track sets for its channels: programs before its first note, and pedals."""
    found = [event for event in head.events if _is_program(event.message) or _is_pedal(event.message)]
    if not head.has_notes:
        return found
    others = [track for other, track in enumerate(tracks) if other != number]
    if not any(
        bytes([CONTROL + channel, SUSTAIN_PEDAL]) in tracks[number]
        and any(NOTE_ON + channel in track for track in others)
        for channel in range(16)
    ):
        return [event for event in found if _is_program(event.message)]
    pedals = []
    with suppress(IndexError):
        for event in events(tracks[number]):
            if _is_pedal(event.message):
                pedals.append(event)
    return [*(event for event in found if _is_program(event.message)), *pedals]


def _is_program(message: bytes) -> bool:
    return message[0] & 0xF0 == PROGRAM and message[0] & 15 != DRUM_CHANNEL


def _is_pedal(message: bytes) -> bool:
    return message[0] & 0xF0 == CONTROL and message[1] == SUSTAIN_PEDAL


def release_keys(track: bytes) -> bytes:
    """Returns the track with all keys released UNRELEASED_TICKS after its end.

    symusic leaves out notes that no message ends. With these messages it reads them, and their length tells them.
    """
    if not track.endswith(END_OF_TRACK):
        return track
    releases = [messages for status, messages in RELEASES.items() if status in track]
    return b"".join([track.removesuffix(END_OF_TRACK), WAIT * WAITS, *releases, END_OF_TRACK]) if releases else track


def count_struck_notes(tracks: list[bytes]) -> int:
    """Returns how many messages strike a key. A damaged event ends its track."""
    count = 0
    for track in tracks:
        with suppress(IndexError):
            for _, message in events(track):
                count += message[0] & 0xF0 == NOTE_ON and message[2] > 0
    return count


def key_text(heads: list[Head]) -> str | None:
    """Returns the name of a key in the first text event that begins with KEY_PREFIX, before the notes of a track."""
    for event in (event for head in heads for event in head.events if event.message[:2] == TEXT):
        length, start = _variable_length(event.message, len(TEXT))
        text = event.message[start : start + length].decode("latin-1")
        if text.startswith(KEY_PREFIX):
            return text.removeprefix(KEY_PREFIX)
    return None


def chord_texts(tracks: list[bytes]) -> list[tuple[int, str]]:
    """Returns the tick and the text of each text event of tracks in which some text may be a chord symbol, in order."""
    found: list[tuple[int, str]] = []
    for track in tracks:
        if CHORD_TEXT.search(track):
            for tick, message in events(track):
                if message[:2] == TEXT:
                    length, start = _variable_length(message, len(TEXT))
                    found.append((tick, message[start : start + length].decode("latin-1")))
    return sorted(found)

"""Reads MIDI files through symusic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Remark, UnusableFile
from seqgen_midi.io.midi_chunks import (
    CONTROL,
    INDEPENDENT_TRACKS,
    NOTE_ON,
    PITCH_BEND,
    SUSTAIN_PEDAL,
    UNRELEASED_TICKS,
    Head,
    chord_texts,
    count_struck_notes,
    head,
    join_tracks,
    key_text,
    release_keys,
    share_channels,
    split_chunks,
)
from seqgen_midi.music.chords import parse_chord
from seqgen_midi.music.keys import Key, key_of_signature, parse_key
from seqgen_midi.music.piece import Piece, Track, as_rows, is_new

MIDI_ENDINGS = (".mid", ".midi", ".kar", ".rmi")
FULLY_DOWN = 64
"""The lowest value of a switch that is on."""
MAX_BYTES = 10_000_000
MAX_NOTES = 50_000
MAX_TICKS = 2**30
MAX_ACCIDENTALS = 7
MIN_TEMPO, MAX_TEMPO = 20_000, 12_000_000
"""Microseconds in a quarter, which are 3000 and 5 quarters a minute. A tempo beyond counts as the nearest of them."""
NOTE_COLUMNS = ("time", "duration", "pitch", "velocity")
"""Of symusic."""
NO_PEDALS = np.zeros((0, 3), np.int32)
BENDS, CONTROLLERS = "pitch bends left out", "changes of controllers left out, the sustain pedal aside"
"""Kinds of messages that have no place in a piece."""
TWIN_SUFFIX = " (twin)"
"""The end of a track's name that says that its notes belong to the track before it: see `midi_writer`."""


def is_midi(path: Path) -> bool:
    """Whether the ending of a file says that it is MIDI."""
    return path.suffix.lower() in MIDI_ENDINGS


def check_size(path: Path) -> None:
    """Raises UnusableFile for a file that is empty or too large to be a piece of music."""
    size = path.stat().st_size
    if size == 0:
        raise UnusableFile("empty")
    if size > MAX_BYTES:
        raise UnusableFile(f"larger than {MAX_BYTES // 1_000_000} MB")


def read_midi(path: Path) -> Iterator[Piece | Remark]:
    """Yields the pieces of a MIDI file: one, or one for each track of a file whose tracks are independent (format 2).

    Raises UnusableFile; symusic's own errors pass through.
    """
    check_size(path)
    data = path.read_bytes()
    chunks = split_chunks(data)
    if chunks.trailing_bytes:
        yield Remark("bytes after the last track of a MIDI file, which say nothing")
    heads = [head(track) for track in chunks.tracks]
    if chunks.format == INDEPENDENT_TRACKS:
        songs = [([track], [one]) for track, one in zip(chunks.tracks, heads, strict=True)]
    else:
        songs = [(share_channels(chunks.tracks, heads), heads)]
    scores = [
        (_parse(join_tracks(chunks.resolution, [release_keys(track) for track in tracks])), tracks, heads)
        for tracks, heads in songs
    ]
    scores = [song for song in scores if song[0].note_num()]
    if not scores:
        raise UnusableFile("empty")
    for score, tracks, heads in scores:
        yield _piece(score, tracks, heads)


def _chords(tracks: list[bytes]) -> list[tuple[int, int, int]]:
    """Returns the text events that are chord symbols: tick, root, quality. At one tick, the last one holds."""
    parsed = {tick: parse_chord(text) for tick, text in chord_texts(tracks)}
    return [(tick, *chord) for tick, chord in parsed.items() if chord is not None]


def _piece(score: Any, song: list[bytes], heads: list[Head]) -> Piece:
    """Returns the piece of a symusic score, with the tracks that have notes. Raises UnusableFile.

    song, heads: the tracks that it was read from, and the head of each

    Columns of notes come from symusic as arrays, so no note passes through Python.
    """
    tracks: list[Track] = []
    columns: list[tuple[np.ndarray, ...]] = []
    controls: list[tuple[np.ndarray, ...]] = []
    bends = 0
    for track in score.tracks:
        notes = track.notes.numpy()
        count = len(notes["time"])
        if not count:
            continue
        name = track.name.removesuffix(TWIN_SUFFIX)
        player = Track(0 if track.is_drum else int(track.program), bool(track.is_drum), name)
        is_twin = track.name.endswith(TWIN_SUFFIX) and tracks[-1:] == [player]
        if not is_twin:
            tracks.append(player)
        columns.append((*(notes[column] for column in NOTE_COLUMNS), np.full(count, len(tracks) - 1)))
        bends += len(track.pitch_bends)
        # A twin has the pedal of the track before it.
        if len(track.controls) and not is_twin:
            changes = track.controls.numpy()
            number = np.full(len(changes["time"]), len(tracks) - 1)
            controls.append((number, changes["time"], changes["number"], changes["value"]))
    table = _table(columns)
    omitted = _omitted_of_silent_tracks(song, heads)
    omitted[BENDS] += bends
    if int(table[1].max()) >= UNRELEASED_TICKS:
        table = table[:, table[1] < UNRELEASED_TICKS]
        omitted["notes that no message ends left out"] = count_struck_notes(song) - table.shape[1]
        if not table.shape[1]:
            raise UnusableFile("no note that a message ends")
    lowest, highest = table.min(axis=1).tolist(), table.max(axis=1).tolist()
    if lowest[0] < 0 or highest[0] + highest[1] > MAX_TICKS:
        raise UnusableFile("longer than a piece can be")
    _check_data_bytes(*lowest[2:4], *highest[2:4], *(track.program for track in tracks))
    pedals = NO_PEDALS
    if controls:
        changes = _table(controls)
        is_pedal = changes[2] == SUSTAIN_PEDAL
        omitted[CONTROLLERS] += changes.shape[1] - int(is_pedal.sum())
        if is_pedal.any():
            pedals = _pedals(changes[:, is_pedal], table)
    start, duration, *rest = np.take(table, np.argsort(table[0], kind="stable"), axis=1)
    tempos = score.tempos.numpy()
    return Piece.of(
        score.ticks_per_quarter,
        tracks,
        [start, np.maximum(duration, 1), *rest],
        tempos=_changes(tempos["time"], np.minimum(np.maximum(tempos["mspq"], MIN_TEMPO), MAX_TEMPO)),
        meters=_meters(score.time_signatures.numpy()),
        chords=_chords(song),
        pedals=pedals,
        omitted=omitted,
        key=_key(score, heads),
    )


def _table(columns: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    """Returns the columns of several tracks, one after the other: int32[columns, n]."""
    return np.stack([np.concatenate(column, dtype=np.int32) for column in zip(*columns, strict=True)])


def _pedals(changes: np.ndarray, notes: np.ndarray) -> np.ndarray:
    """Returns the sustain pedals as in `Piece.pedals`.

    A pedal that does not come up lasts until all notes of its track have ended.

    changes: int32[4, n], the track, the tick, the controller and the value of each change of a pedal, track by track
    notes:   int32[5, n], the columns of all notes
    """
    is_down = changes[3] >= FULLY_DOWN
    is_change = is_new(2 * changes[0] + is_down)
    # A pedal is up at the beginning of a track.
    is_change &= is_down | ~is_new(changes[0])
    (track, tick), is_down = changes[:2, is_change], is_down[is_change]
    down = np.flatnonzero(is_down)
    up = np.minimum(down + 1, len(tick) - 1)
    pedals = as_rows(track[down], tick[down], tick[up])
    for number in np.flatnonzero(is_down[up]).tolist():
        mine = notes[:, notes[4] == pedals[number, 0]]
        pedals[number, 2] = max((mine[0] + mine[1]).max(initial=0), pedals[number, 1])
    return pedals


def _omitted_of_silent_tracks(song: list[bytes], heads: list[Head]) -> dict[str, int]:
    """Returns how many messages of the tracks without notes have no place in a piece.

    Their pedals have one, if another track plays on the channel.
    """
    messages = [event.message for head in heads if not head.has_notes for event in head.events]
    changes = [message for message in messages if message[0] & 0xF0 == CONTROL]
    pedals = [message for message in changes if message[1] == SUSTAIN_PEDAL]
    unheard = [
        message[2] >= FULLY_DOWN
        for message in pedals
        if not any((message[0] & 15) + NOTE_ON in track for track in song)
    ]
    return {
        BENDS: sum(message[0] & 0xF0 == PITCH_BEND for message in messages),
        CONTROLLERS: len(changes) - len(pedals),
        "sustain pedals of channels without notes left out": sum(unheard),
    }


def _key(score: Any, heads: list[Head]) -> Key | None:
    """Returns the first key that a file declares, in a text event or as a key signature."""
    with suppress(ValueError):
        return parse_key(key_text(heads) or "")
    for signature in score.key_signatures:
        if abs(signature.key) <= MAX_ACCIDENTALS:
            return key_of_signature(int(signature.key), "min" if signature.tonality == 1 else "maj")
    return None


def _meters(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Returns the time signatures. Leaves out one of nothing, or of notes shorter than a 2¹⁶th."""
    rows = _changes(columns["time"], columns["numerator"], columns["denominator"])
    return rows[(rows[:, 1:] > 0).all(axis=1)]


def _parse(data: bytes) -> Any:
    """Returns the symusic score of a MIDI file. Raises UnusableFile for too many notes."""
    import symusic

    score: Any = symusic.Score.from_midi(data)
    if score.note_num() > MAX_NOTES:
        raise UnusableFile(f"more than {MAX_NOTES} notes")
    return score


def _check_data_bytes(*values: int) -> None:
    """Raises UnusableFile for values that do not fit in the seven bits of a data byte, which symusic lets pass."""
    if min(values) < 0 or max(values) > 127:
        raise UnusableFile("a damaged MIDI file")


def _changes(*columns: np.ndarray) -> np.ndarray:
    """Returns the rows of a map of changes in the order of their ticks. At one tick, the last one holds."""
    rows = as_rows(*columns)
    if len(rows) < 2:
        return rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return np.compress(is_new(rows[::-1, 0])[::-1], rows, axis=0)

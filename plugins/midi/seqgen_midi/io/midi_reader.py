"""Reads MIDI files through symusic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seqgen import UnusableFile
from seqgen_midi.music.piece import Piece, Track, is_new

MIDI_ENDINGS = (".mid", ".midi")
HEADER_BYTES = 14
MAX_BYTES = 10_000_000
MAX_NOTES = 50_000
MAX_TICKS = 2**30
MIN_TEMPO, MAX_TEMPO = 20_000, 12_000_000
"""Microseconds in a quarter, which are 3000 and 5 quarters a minute. A tempo beyond counts as the nearest of them."""
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


def read_midi(path: Path) -> Piece:
    """The piece of a MIDI file, with the tracks that have notes, in their order.

    Raises UnusableFile; symusic's own errors pass through. Columns of notes come from symusic as arrays, so no note
    passes through Python.
    """
    score = _parse(path)
    tracks: list[Track] = []
    columns: list[tuple[np.ndarray, ...]] = []
    for track in score.tracks:
        notes = track.notes.numpy()
        if not len(notes["time"]):
            continue
        name = track.name.removesuffix(TWIN_SUFFIX)
        player = Track(0 if track.is_drum else int(track.program), bool(track.is_drum), name)
        if not (track.name.endswith(TWIN_SUFFIX) and tracks and tracks[-1] == player):
            tracks.append(player)
        number = np.full(len(notes["time"]), len(tracks) - 1)
        columns.append((notes["time"], notes["duration"], notes["pitch"], notes["velocity"], number))
    start, duration, *rest = (np.concatenate(column, dtype=np.int32) for column in zip(*columns, strict=True))
    if start.min() < 0 or int(start.max()) + int(duration.max()) > MAX_TICKS:
        raise UnusableFile("longer than a piece can be")
    _check_data_bytes(*rest[:2], np.array([track.program for track in tracks]))
    order = np.argsort(start, kind="stable")
    tempos, meters = score.tempos.numpy(), score.time_signatures.numpy()
    return Piece.of(
        score.ticks_per_quarter,
        tracks,
        [column[order] for column in (start, np.maximum(duration, 1), *rest)],
        tempos=_changes(tempos["time"], np.clip(tempos["mspq"], MIN_TEMPO, MAX_TEMPO)),
        meters=_changes(meters["time"], meters["numerator"], meters["denominator"]),
    )


def _parse(path: Path) -> Any:
    """The symusic score of a MIDI file that has notes; raises UnusableFile."""
    import symusic

    check_size(path)
    data = path.read_bytes()
    _check_chunks(data)
    score: Any = symusic.Score.from_midi(data)
    notes = score.note_num()
    if notes == 0:
        raise UnusableFile("empty")
    if notes > MAX_NOTES:
        raise UnusableFile(f"more than {MAX_NOTES} notes")
    return score


def _check_chunks(data: bytes) -> None:
    """Raises UnusableFile unless `data` begins like a MIDI file in musical time and holds all its chunks."""
    if data[:4] != b"MThd":
        raise UnusableFile("not a MIDI file")
    position = tracks = 0
    while position + 8 <= len(data):
        tracks += data[position : position + 4] == b"MTrk"
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "big")
    if len(data) < HEADER_BYTES or position > len(data) or tracks < int.from_bytes(data[10:12], "big"):
        raise UnusableFile("a MIDI file that was cut off")
    # From 2¹⁵ on, the number gives the ticks of film frames (SMPTE) and not of quarters.
    if not 0 < int.from_bytes(data[12:14], "big") < 2**15:
        raise UnusableFile("no musical time")


def _check_data_bytes(*columns: np.ndarray) -> None:
    """Raises UnusableFile for values that do not fit in the seven bits of a data byte, which symusic lets pass."""
    if any(column.min() < 0 or column.max() > 127 for column in columns):
        raise UnusableFile("a damaged MIDI file")


def _changes(*columns: np.ndarray) -> np.ndarray:
    """The rows of a map of changes in the order of their ticks; the last of several at one tick holds."""
    rows: np.ndarray = np.column_stack(columns)
    if len(rows) < 2:
        return rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return np.compress(is_new(rows[::-1, 0])[::-1], rows, axis=0)

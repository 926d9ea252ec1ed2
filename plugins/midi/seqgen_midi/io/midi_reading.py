"""Reads MIDI files through symusic: as pieces, or four tracks of one voice each as chorales."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import UnusableFile
from seqgen_midi.io.quantising import quantise
from seqgen_midi.music.chorale import Chorale
from seqgen_midi.music.piece import Piece, Track, begins
from seqgen_midi.music.voices import METERS, VOICES

HEADER_BYTES = 14
MOST_BYTES = 10_000_000
MOST_NOTES = 50_000
MOST_TICKS = 2**30
FASTEST, SLOWEST = 20_000, 12_000_000
"""Microseconds a quarter, 3000 to 5 quarters a minute; a file that says less or more is held to be wrong."""
TWIN = " (twin)"
"""What ends the name of a track that is part of the one before it."""


def check_size(path: Path) -> None:
    """Raises UnusableFile for a file that is empty or too large to be a piece of music."""
    size = path.stat().st_size
    if size == 0:
        raise UnusableFile("empty")
    if size > MOST_BYTES:
        raise UnusableFile(f"larger than {MOST_BYTES // 1_000_000} MB")


def parse(path: Path) -> Any:
    """The symusic score of a MIDI file that has notes; raises UnusableFile. symusic's own errors pass through."""
    import symusic

    check_size(path)
    data = path.read_bytes()
    check_chunks(data)
    score: Any = symusic.Score.from_midi(data)
    notes = score.note_num()
    if notes == 0:
        raise UnusableFile("empty")
    if notes > MOST_NOTES:
        raise UnusableFile(f"more than {MOST_NOTES} notes")
    return score


def read_piece(path: Path) -> Piece:
    """The piece of a MIDI file, its tracks in their order; raises UnusableFile.

    A track whose name ends with TWIN belongs to the one before it that is called so without: how `writing` keeps notes
    apart that overlap on one key. Columns come from symusic whole; no note passes through Python.
    """
    score = parse(path)
    tracks: list[Track] = []
    columns: list[tuple[np.ndarray, ...]] = []
    for track in score.tracks:
        who = Track(int(track.program), bool(track.is_drum), track.name.removesuffix(TWIN))
        if who.drums:
            who = Track(0, True, who.name)
        if not (track.name.endswith(TWIN) and tracks and tracks[-1] == who):
            tracks.append(who)
        notes = track.notes.numpy()
        number = np.full(len(notes["time"]), len(tracks) - 1)
        columns.append((notes["time"], notes["duration"], notes["pitch"], notes["velocity"], number))
    start, duration, *rest = (np.concatenate(column, dtype=np.int32) for column in zip(*columns, strict=True))
    if start.min() < 0 or int(start.max()) + int(duration.max()) > MOST_TICKS:
        raise UnusableFile("longer than a piece can be")
    check_data_bytes(*rest[:2], np.array([track.program for track in tracks]))
    order = np.argsort(start, kind="stable")
    tempos, meters = score.tempos.numpy(), score.time_signatures.numpy()
    return Piece.of(
        score.ticks_per_quarter,
        tracks,
        [column[order] for column in (start, np.maximum(duration, 1), *rest)],
        tempos=_changes(tempos["time"], np.clip(tempos["mspq"], FASTEST, SLOWEST)),
        meters=_changes(meters["time"], meters["numerator"], meters["denominator"]),
    )


def check_data_bytes(*columns: np.ndarray) -> None:
    """Raises UnusableFile for what symusic lets pass, though no MIDI message holds it: data bytes have seven bits."""
    if any(column.min() < 0 or column.max() > 127 for column in columns):
        raise UnusableFile("a damaged MIDI file")


def _changes(*columns: np.ndarray) -> np.ndarray:
    """A map of changes as rows in the order of their ticks; of those at one tick the last holds."""
    rows = np.column_stack(columns)
    if len(rows) < 2:
        return rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    return rows[begins(rows[::-1, 0])[::-1]]


def read_midi(path: Path, fewest: int = len(VOICES)) -> Chorale:
    """The chorale of a MIDI file, its tracks taken as soprano, alto, tenor and bass in their order.

    Of `fewest` tracks or more, voices without one are silent. A pickup is a short first bar with a time signature of
    its own, as notation programs write it. Raises UnusableFile; symusic's own errors pass through.
    """
    score = parse(path)
    tracks = [track for track in score.tracks if len(track.notes)]
    if any(track.is_drum for track in tracks):
        raise UnusableFile("with drums")
    ticks = Fraction(score.ticks_per_quarter, 4)
    changes = [
        (Fraction(change.time) / ticks, change.numerator, change.denominator) for change in score.time_signatures
    ]
    meter, pickup = meter_and_pickup(changes)
    voices = [
        [(Fraction(note.time) / ticks, Fraction(note.end) / ticks, int(note.pitch)) for note in track.notes]
        for track in tracks
    ]
    check_data_bytes(np.array([pitch for voice in voices for *_, pitch in voice]))
    return Chorale(meter, pickup, quantise(voices, fewest))


def check_chunks(data: bytes) -> None:
    """Raises UnusableFile unless `data` begins like a MIDI file of musical time and holds all its chunks."""
    if data[:4] != b"MThd":
        raise UnusableFile("not a MIDI file")
    position = tracks = 0
    while position + 8 <= len(data):
        tracks += data[position : position + 4] == b"MTrk"
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "big")
    if len(data) < HEADER_BYTES or position > len(data) or tracks < int.from_bytes(data[10:12], "big"):
        raise UnusableFile("a MIDI file that was cut off")
    # From 2¹⁵ on it is no number of ticks a quarter, but of those of a film's frames (SMPTE).
    if not 0 < int.from_bytes(data[12:14], "big") < 2**15:
        raise UnusableFile("no musical time")


def meter_and_pickup(changes: list[tuple[Fraction, int, int]]) -> tuple[str, int]:
    """Meter and pickup in 16ths of time signatures (time in 16ths, numerator, denominator); 4/4 where there is none."""
    meters: list[tuple[Fraction, str]] = []
    for time, numerator, denominator in sorted(changes):
        meter = f"{numerator}/{denominator}"
        if not meters or meters[-1][1] != meter:
            meters.append((time, meter))
    if not meters:
        return "4/4", 0
    start, meter = meters[-1]
    if meter not in METERS:
        raise UnusableFile("a meter other than " + ", ".join(METERS))
    if len(meters) == 1 and start == 0:
        return meter, 0
    if len(meters) <= 2 and start.denominator == 1 and start < METERS[meter]:
        return meter, int(start)
    raise UnusableFile("the meter changes")

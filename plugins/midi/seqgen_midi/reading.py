"""Reads MIDI files: four tracks of one voice each, through symusic."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from seqgen import UnusableFile
from seqgen_midi.chorale import Chorale
from seqgen_midi.quantising import quantise
from seqgen_midi.voices import METERS

MOST_BYTES = 10_000_000
MOST_NOTES = 50_000


def check_size(path: Path) -> None:
    """Raises UnusableFile for a file that is empty or too large to be a chorale."""
    size = path.stat().st_size
    if size == 0:
        raise UnusableFile("empty")
    if size > MOST_BYTES:
        raise UnusableFile(f"larger than {MOST_BYTES // 1_000_000} MB")


def read_midi(path: Path) -> Chorale:
    """The chorale of a MIDI file, its tracks taken as soprano, alto, tenor and bass in their order.

    A pickup is a short first bar with a time signature of its own, as notation programs write it. Raises UnusableFile;
    symusic's own errors pass through.
    """
    import symusic

    check_size(path)
    data = path.read_bytes()
    check_chunks(data)
    score: Any = symusic.Score.from_midi(data)
    if score.ticks_per_quarter <= 0:
        raise UnusableFile("no musical time")
    tracks = [track for track in score.tracks if len(track.notes)]
    if not tracks:
        raise UnusableFile("empty")
    if any(track.is_drum for track in tracks):
        raise UnusableFile("with drums")
    if sum(len(track.notes) for track in tracks) > MOST_NOTES:
        raise UnusableFile(f"more than {MOST_NOTES} notes")
    ticks = Fraction(score.ticks_per_quarter, 4)
    changes = [
        (Fraction(change.time) / ticks, change.numerator, change.denominator) for change in score.time_signatures
    ]
    meter, pickup = meter_and_pickup(changes)
    voices = [
        [(Fraction(note.time) / ticks, Fraction(note.end) / ticks, int(note.pitch)) for note in track.notes]
        for track in tracks
    ]
    return Chorale(meter, pickup, quantise(voices))


def check_chunks(data: bytes) -> None:
    """Raises UnusableFile unless `data` begins like a MIDI file and holds all the bytes that its chunks announce."""
    if data[:4] != b"MThd":
        raise UnusableFile("not a MIDI file")
    position = tracks = 0
    while position + 8 <= len(data):
        tracks += data[position : position + 4] == b"MTrk"
        position += 8 + int.from_bytes(data[position + 4 : position + 8], "big")
    if position > len(data) or tracks < int.from_bytes(data[10:12], "big"):
        raise UnusableFile("a MIDI file that was cut off")


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

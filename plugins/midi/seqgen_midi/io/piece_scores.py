"""Reads scores as pieces and writes pieces as scores, through music21."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen import OutputError, Remark, UnusableFile
from seqgen_midi.io.notation import DRUM_CHANNEL, score_of
from seqgen_midi.io.score_cache import PIECES, remembered
from seqgen_midi.io.score_reading import attempted, made_of_scores, usable
from seqgen_midi.music.chords import kind_of
from seqgen_midi.music.piece import Piece, Track, in_order
from seqgen_midi.music.velocities import LOUDNESS

if TYPE_CHECKING:
    from music21.stream import Part, Score

RESOLUTION = 5040
"""Ticks a quarter: every division of a quarter up to 10, and 64ths of them within a tick."""


def read_pieces(path: Path, quantise: Callable[[Piece], Piece]) -> Iterator[Piece | Remark]:
    """The pieces of a score file, each as `quantise` gives it: one, or one for each tune of an ABC book, with a
    remark for each that it cannot take. Raises UnusableFile when it takes none; music21's own errors pass through.
    """
    found = remembered(path, PIECES, partial(made_of_scores, made_of=piece_of))
    return usable(one if isinstance(one, str) else attempted(partial(quantise, one)) for one in found)


def piece_of(score: Score) -> Piece:
    """The piece of a music21 score, tied notes as one. Repeats are not played out, grace notes left out.

    A short first bar becomes a time signature of its own. Raises UnusableFile for a score without notes.
    """
    parts: list[Any] = list(score.parts) or [score]
    rows = [(*note, number) for number, part in enumerate(parts) for note in notes_of(part)]
    if not rows:
        raise UnusableFile("empty")
    tracks = [Track(program_of(part), is_drums(part), str(part.partName or "")) for part in parts]
    return Piece.of(
        RESOLUTION,
        tracks,
        in_order(*np.array(rows).T),
        tempos=tempo_rows(score),
        meters=meter_rows(parts[0]),
        chords=chord_rows(score),
    )


def tick(quarters: Any) -> int:
    """A time in quarters in ticks."""
    return round(Fraction(quarters) * RESOLUTION)


def notes_of(part: Part) -> list[list[int]]:
    """The notes of a part: start, duration, pitch, velocity; chords as their notes, tied ones as one."""
    rows: list[list[int]] = []
    # music21's own way to join tied notes finds none that change their voice at a bar line, as many scores write them.
    tied: dict[tuple[int, int], list[int]] = {}
    elements: Any = part.flatten().notes
    for element in elements:
        if element.duration.isGrace or "ChordSymbol" in element.classes:
            continue
        velocity = element.volume.velocity or LOUDNESS
        start, end = tick(element.offset), tick(element.offset + element.duration.quarterLength)
        notes = {int(one.pitch.midi): one for one in getattr(element, "notes", [element]) if hasattr(one, "pitch")}
        for pitch, one in sorted(notes.items()):
            row = tied.pop((pitch, start), None)
            if row is None:
                rows.append(row := [start, 0, pitch, velocity])
            row[1] = max(1, end - row[0])
            # Many scores only say where a tie starts.
            if one.tie and one.tie.type in ("start", "continue"):
                tied[pitch, end] = row
    return rows


def program_of(part: Part) -> int:
    """The General MIDI programme of a part's first instrument; the piano where none is named."""
    instrument: Any = part.getInstrument(returnDefault=True)
    return int(instrument.midiProgram or 0)


def is_drums(part: Part) -> bool:
    """Whether a part stands on MIDI's drum channel."""
    instrument: Any = part.getInstrument(returnDefault=True)
    return instrument.midiChannel == DRUM_CHANNEL


def tempo_rows(score: Score) -> list[tuple[int, int]]:
    """The tempo marks of a score that give a number: tick, microseconds a quarter; of several at one time the last."""
    marks: dict[int, int] = {}
    for mark in score.flatten().getElementsByClass("MetronomeMark"):
        speed = mark.getQuarterBPM()
        if speed:
            marks[tick(mark.offset)] = round(60e6 / speed)
    return sorted(marks.items())


def meter_rows(part: Part) -> list[tuple[int, int, int]]:
    """The time signatures of a part: tick, numerator, denominator; a short first bar as one of its own."""
    signatures: Any = part.flatten().getElementsByClass("TimeSignature")
    meters = {tick(found.offset): (found.numerator, found.denominator) for found in signatures}
    measures: Any = list(part.getElementsByClass("Measure"))
    if len(measures) > 1 and 0 in meters:
        bar = Fraction(4 * meters[0][0], meters[0][1])
        pickup = Fraction(measures[1].offset) - Fraction(measures[0].offset)
        if 0 < pickup < bar:
            meters.setdefault(tick(pickup), meters[0])
            meters[0] = (pickup / 4).as_integer_ratio()
            numerator, denominator = meters[0]
            # Three eighths, not one dotted quarter; and no less than a quarter where it is one.
            if denominator < 4:
                meters[0] = (numerator * 4 // denominator, 4)
    return [(when, *meter) for when, meter in sorted(meters.items())]


def chord_rows(score: Score) -> list[tuple[int, int, int]]:
    """The chord symbols of a score that `chords` has a kind for: tick, root, kind."""
    rows: dict[int, tuple[int, int]] = {}
    for symbol in score.flatten().getElementsByClass("ChordSymbol"):
        root = symbol.root()
        if root is None:
            continue
        kind = kind_of({pitch.pitchClass for pitch in symbol.pitches}, root.pitchClass)
        if kind is not None:
            rows.setdefault(tick(symbol.offset), (root.pitchClass, kind))
    return [(when, *chord) for when, chord in sorted(rows.items())]


def write_piece(piece: Piece, tempo: int, path: Path) -> None:
    """Writes a piece as uncompressed MusicXML; at `tempo` quarters a minute where it tells none. Raises OutputError."""
    try:
        score = score_of(piece, tempo)
    except UnusableFile as error:
        raise OutputError(
            f"A sample cannot be written as a score: it is {error.reason}; ask for a shorter one."
        ) from error
    score.write("musicxml", fp=path)

"""Writes pieces of one melody a track as ABC (the notation of tune books, abcnotation.com, standard 2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from seqgen_midi.music.chords import chord_name
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.keys import LETTERS, Key
from seqgen_midi.music.meters import bar_lines, has_pickup, meter_at
from seqgen_midi.music.piece import MICROSECONDS_PER_MINUTE, Piece

ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
SEMITONES = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
BARS_PER_LINE = 4
DUPLE_STEPS, TRIPLE_STEPS = 8, 6
"""Steps in a quarter that are written without tuplets, and in triplets."""


def abc_text(piece: Piece, default_tempo: int) -> str:
    """Returns a tune with a tick as the unit of length; one without tempos gets `default_tempo` quarters a minute.

    Notes of one track must not overlap. The first tempo of a piece holds for all of it.
    """
    tempo = round(MICROSECONDS_PER_MINUTE / int(piece.tempos[0, 1])) if len(piece.tempos) else default_tempo
    key, lines = piece.declared_or_estimated_key(), bar_lines(piece)
    header = [
        "X:1", "T:A new tune", f"M:{_meter_name(piece, _first_full_bar(lines))}", f"L:1/{4 * piece.resolution}",
        f"Q:1/4={tempo}", f"K:{_key_name(key)}",
    ]  # fmt: skip
    body: list[str] = []
    for track, name in enumerate(track_names(piece)):
        body.append(f'V:{track + 1} name="{name}"')
        bars = list(_bars(piece, track, key, lines))
        body += [" ".join(bars[start : start + BARS_PER_LINE]) for start in range(0, len(bars), BARS_PER_LINE)]
    return "\n".join([*header, *body]) + "\n"


def _key_name(key: Key) -> str:
    """Returns the name of a key in ABC: C, Am, Ddor."""
    return key.name.removesuffix("maj").removesuffix("in")


def _first_full_bar(lines: list[int]) -> int:
    return lines[1] if has_pickup(lines) else 0


def _meter_name(piece: Piece, tick: int) -> str:
    return "{}/{}".format(*meter_at(piece, tick))


def _bars(piece: Piece, track: int, key: Key, lines: list[int]) -> Iterator[str]:
    """Yields the bars of a track, each with the line that ends it."""
    mine = np.flatnonzero(piece.track == track)
    notes = [(int(piece.start[n]), int(piece.start[n] + piece.duration[n]), int(piece.pitch[n])) for n in mine]
    chords = {tick: f'"{chord_name(root, quality)}"' for tick, root, quality in piece.chords.tolist() if track == 0}
    meter = _meter_name(piece, _first_full_bar(lines))
    for number, (first, last) in enumerate(pairwise(lines)):
        parts = []
        here = meter if number == 0 and has_pickup(lines) else _meter_name(piece, first)
        if here != meter:
            parts.append(f"[M:{here}]")
            meter = here
        altered: dict[str, int] = {}
        for together in _tuplets(_spans(notes, first, last), chords, first, piece.resolution):
            factor = Fraction(3, 2) if together.is_triplet else 1
            parts.append(f"(3:2:{len(together.spans)}" if together.is_triplet else "")
            for begin, end, pitch, is_tied in together.spans:
                written = "z" if pitch is None else _pitch(pitch, key, altered)
                parts.append(chords.get(begin, "") + written + _length(int((end - begin) * factor)) + "-" * is_tied)
        yield " ".join(filter(None, parts)) + (" |]" if last == lines[-1] else " |")


class Span(NamedTuple):
    """A note or, without a pitch, a rest within a bar, in ticks; a note may be tied to the next one."""

    begin: int
    end: int
    pitch: int | None
    is_tied: bool


class Together(NamedTuple):
    """Spans that are written as they are, or the spans of a beat in triplets."""

    spans: list[Span]
    is_triplet: bool


def _spans(notes: list[tuple[int, int, int]], first: int, last: int) -> list[Span]:
    """Returns the notes (start, end, pitch) of a bar, and the rests that fill it."""
    spans = []
    now = first
    for start, end, pitch in [*(note for note in notes if note[0] < last and note[1] > first), (last, last, 0)]:
        begin = max(start, first)
        if begin > now:
            spans.append(Span(now, begin, None, False))
        if begin < last:
            spans.append(Span(begin, min(end, last), pitch, end > last))
        now = min(end, last)
    return spans


def _tuplets(spans: list[Span], cuts: Iterable[int], first: int, resolution: int) -> Iterator[Together]:
    """Yields the spans of a bar, cut at the ticks `cuts` and at the edges of beats in triplets.

    A beat is in triplets where a note begins off the 32nds, and all that begins and ends in it is on its sixths.
    """
    edges = {span.begin - first for span in spans}
    beats = {edge // resolution for edge in edges if edge * DUPLE_STEPS % resolution}
    triplets = {
        beat
        for beat in beats
        if resolution % TRIPLE_STEPS == 0
        and not any(edge % (resolution // TRIPLE_STEPS) for edge in edges if edge // resolution == beat)
    }
    borders = sorted({*cuts, *(first + resolution * border for beat in triplets for border in (beat, beat + 1))})
    pieces: list[Span] = []
    for span in spans:
        edges_of_parts = [span.begin, *(border for border in borders if span.begin < border < span.end), span.end]
        for begin, end in pairwise(edges_of_parts):
            is_tied = span.is_tied if end == span.end else span.pitch is not None
            pieces.append(Span(begin, end, span.pitch, is_tied))

    def beat_of(span: Span) -> int:
        beat = (span.begin - first) // resolution
        return beat if beat in triplets else -1

    for beat, together in groupby(pieces, beat_of):
        yield Together(list(together), beat >= 0)


def _length(units: int) -> str:
    return "" if units == 1 else str(units)


def _pitch(pitch: int, key: Key, altered: dict[str, int]) -> str:
    """Returns a pitch. `altered` holds the letters that had another accidental than the key's earlier in the bar.

    Programs do not agree on how far an accidental reaches, so an accidental is written wherever it could be in doubt.
    """
    letter, alteration = key.spell(pitch)
    fifth = LETTERS.index(letter)
    signature = (fifth < key.sharps) - (6 - fifth < -key.sharps)
    mark = ACCIDENTALS[alteration] if alteration != signature or letter in altered else ""
    if mark:
        altered[letter] = alteration
    octave = (pitch - alteration - SEMITONES[letter]) // 12 - 1
    name = letter.lower() if octave > 4 else letter
    return mark + name + "'" * (octave - 5) + "," * (4 - octave)

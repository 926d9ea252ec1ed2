"""A piece on a web page: its piano roll as SVG, with what `player.js` needs to play it."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

import numpy as np

from seqgen_midi.display.piano_roll import BLACK_KEYS, GIVEN_COLOUR, NAMES, colour_of, title_of
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.meters import bar_lines, first_number
from seqgen_midi.music.piece import Piece

QUARTER_WIDTH = 34
SECOND_WIDTH = 60
PITCH_HEIGHT = 6
MARGIN = 16
"""Pixels above the roll, for the bars' numbers."""


def player() -> str:
    """The JavaScript that plays rolls."""
    return files("seqgen_midi.display").joinpath("player.js").read_text(encoding="utf-8")


def roll(piece: Piece, tempo: int, given: int) -> str:
    """HTML of a piece: a player and its roll, the first `given` ticks shaded, at `tempo` unless it tells its own."""
    lines = bar_lines(piece)
    scale = QUARTER_WIDTH / piece.resolution
    if not len(piece.meters):
        scale = SECOND_WIDTH * float(piece.seconds(np.array(lines[-1]))) / lines[-1]
    lowest, highest = (int(piece.pitch.min()) - 2, int(piece.pitch.max()) + 2) if len(piece) else (58, 62)
    width, bottom = lines[-1] * scale, MARGIN + (highest - lowest + 1) * PITCH_HEIGHT

    def y(pitch: int) -> int:
        return MARGIN + (highest - pitch) * PITCH_HEIGHT

    parts = [
        f'<rect x="0" y="{y(pitch)}" width="{width:.1f}" height="{PITCH_HEIGHT}" fill="#f3f3f1"/>'
        for pitch in range(lowest, highest + 1)
        if pitch % 12 in BLACK_KEYS
    ]
    if given:
        parts.append(f'<rect class="given" x="0" y="{MARGIN}" width="{min(given * scale, width):.1f}" '
                     f'height="{bottom - MARGIN}" fill="{GIVEN_COLOUR}" opacity=".6"/>')  # fmt: skip
    bars = "".join(f"M{line * scale:.1f} {MARGIN}V{bottom}" for line in lines)
    parts.append(f'<path d="{bars}" stroke="#b4b4ae" fill="none"/>')
    if len(piece.meters):
        parts += [
            f'<text x="{line * scale + 3:.1f}" y="{MARGIN - 4}" font-size="10" fill="#777">{number}</text>'
            for number, line in enumerate(lines[:-1], first_number(lines))
        ]
    for track in range(len(piece.tracks)):
        boxes = [
            f'<rect x="{start * scale:.1f}" y="{y(pitch) + 0.5}" width="{max(duration * scale - 1, 1):.1f}" '
            f'height="{PITCH_HEIGHT - 1}" rx="2"><title>{NAMES[pitch % 12]}{pitch // 12 - 1}</title></rect>'
            for start, duration, pitch, _, number in zip(*(column.tolist() for column in piece.notes), strict=True)
            if number == track
        ]
        parts.append(f'<g fill="{colour_of(piece, track)}">{"".join(boxes)}</g>')
    head = f'<path class="head" d="M0 {MARGIN}V{bottom}" stroke="#c0392b" stroke-width="2" visibility="hidden"/>'
    legend = "".join(
        f'<span><i style="background:{colour_of(piece, number)}"></i>{escape(name)}</span>'
        for number, name in enumerate(track_names(piece))
    )
    return (
        f'<figure class="roll" style="margin:0" data-notes="{escape(json.dumps(_notes(piece, tempo)))}" '
        f'data-time="{escape(json.dumps(_time(piece, tempo, lines[-1], scale)))}">\n'
        f'<button type="button">▶ Play</button> {escape(title_of(piece, lines))}\n'
        f'<div class="scroll"><svg width="{width + 2:.0f}" height="{bottom + 2}" role="img" aria-label="piano roll">'
        f"{''.join(parts)}{head}</svg></div>\n"
        f'<p class="legend">{legend}</p>\n</figure>'
    )


def _notes(piece: Piece, tempo: int) -> list[list[float]]:
    """For each note: when and how long it sounds in seconds, pitch, loudness from 0 to 1, whether it is a drum."""
    begin, end = piece.heard_at(piece.start, tempo), piece.heard_at(piece.start + piece.duration, tempo)
    columns = begin.round(3), (end - begin).round(3), piece.pitch, (piece.velocity / 127).round(2), piece.drums * 1
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _time(piece: Piece, tempo: int, end: int, scale: float) -> list[list[float]]:
    """Seconds and pixels between which time passes evenly."""
    ticks = np.unique([0, *piece.tempos[:, 0].tolist(), end])
    return [[round(second, 3), round(tick * scale, 1)]
            for tick, second in zip(ticks.tolist(), piece.heard_at(ticks, tempo).tolist(), strict=True)]  # fmt: skip

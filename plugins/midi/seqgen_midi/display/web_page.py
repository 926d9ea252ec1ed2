"""A piece on a web page: its piano roll as SVG, with the data that `player.js` plays."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files

import numpy as np

from seqgen_midi.display.piano_roll import (
    BLACK_KEYS,
    PROMPT_COLOUR,
    pitch_name,
    pitch_range,
    title_of,
    track_colour,
)
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.meters import bar_lines, first_bar_number
from seqgen_midi.music.piece import Piece

QUARTER_WIDTH = 34
SECOND_WIDTH = 60
PITCH_HEIGHT = 6
TOP_MARGIN = 16
"""Pixels above the roll, for the numbers of the bars."""


def player_script() -> str:
    """The JavaScript that plays the rolls of a page."""
    return files("seqgen_midi.display").joinpath("player.js").read_text(encoding="utf-8")


def piano_roll_html(piece: Piece, default_tempo: int, prompt_end: int) -> str:
    """The HTML of a player and its piano roll, with the first `prompt_end` ticks shaded.

    A piece without tempos is played at `default_tempo` quarters a minute.
    """
    lines = bar_lines(piece)
    scale = QUARTER_WIDTH / piece.resolution
    if not len(piece.meters):
        scale = SECOND_WIDTH * float(piece.seconds(np.array(lines[-1]))) / lines[-1]
    lowest, highest = pitch_range(piece)
    width, bottom = lines[-1] * scale, TOP_MARGIN + (highest - lowest + 1) * PITCH_HEIGHT

    def y(pitch: int) -> int:
        return TOP_MARGIN + (highest - pitch) * PITCH_HEIGHT

    parts = [
        f'<rect x="0" y="{y(pitch)}" width="{width:.1f}" height="{PITCH_HEIGHT}" fill="#f3f3f1"/>'
        for pitch in range(lowest, highest + 1)
        if pitch % 12 in BLACK_KEYS
    ]
    if prompt_end:
        parts.append(f'<rect class="given" x="0" y="{TOP_MARGIN}" width="{min(prompt_end * scale, width):.1f}" '
                     f'height="{bottom - TOP_MARGIN}" fill="{PROMPT_COLOUR}" opacity=".6"/>')  # fmt: skip
    bars = "".join(f"M{line * scale:.1f} {TOP_MARGIN}V{bottom}" for line in lines)
    parts.append(f'<path d="{bars}" stroke="#b4b4ae" fill="none"/>')
    if len(piece.meters):
        parts += [
            f'<text x="{line * scale + 3:.1f}" y="{TOP_MARGIN - 4}" font-size="10" fill="#777">{number}</text>'
            for number, line in enumerate(lines[:-1], first_bar_number(lines))
        ]
    for track in range(len(piece.tracks)):
        boxes = [
            f'<rect x="{start * scale:.1f}" y="{y(pitch) + 0.5}" width="{max(duration * scale - 1, 1):.1f}" '
            f'height="{PITCH_HEIGHT - 1}" rx="2"><title>{pitch_name(pitch)}</title></rect>'
            for start, duration, pitch, _, number in zip(*(column.tolist() for column in piece.notes), strict=True)
            if number == track
        ]
        parts.append(f'<g fill="{track_colour(piece, track)}">{"".join(boxes)}</g>')
    play_head = (
        f'<path class="head" d="M0 {TOP_MARGIN}V{bottom}" stroke="#c0392b" stroke-width="2" visibility="hidden"/>'
    )
    legend = "".join(
        f'<span><i style="background:{track_colour(piece, number)}"></i>{escape(name)}</span>'
        for number, name in enumerate(track_names(piece))
    )
    return (
        f'<figure class="roll" style="margin:0" data-notes="{escape(json.dumps(_notes(piece, default_tempo)))}" '
        f'data-time="{escape(json.dumps(_time(piece, default_tempo, lines[-1], scale)))}">\n'
        f'<button type="button">▶ Play</button> {escape(title_of(piece))}\n'
        f'<div class="scroll"><svg width="{width + 2:.0f}" height="{bottom + 2}" role="img" aria-label="piano roll">'
        f"{''.join(parts)}{play_head}</svg></div>\n"
        f'<p class="legend">{legend}</p>\n</figure>'
    )


def _notes(piece: Piece, default_tempo: int) -> list[list[float]]:
    """For each note: its start and length in seconds, pitch, loudness from 0 to 1, and 1 for drums."""
    begin = piece.seconds(piece.start, default_tempo)
    end = piece.seconds(piece.start + piece.duration, default_tempo)
    columns = begin.round(3), (end - begin).round(3), piece.pitch, (piece.velocity / 127).round(2), piece.is_drum * 1
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _time(piece: Piece, default_tempo: int, end: int, scale: float) -> list[list[float]]:
    """Points (second, pixel) between which time passes evenly."""
    ticks = np.unique([0, *piece.tempos[:, 0].tolist(), end])
    seconds = piece.seconds(ticks, default_tempo)
    return [
        [round(second, 3), round(tick * scale, 1)]
        for tick, second in zip(ticks.tolist(), seconds.tolist(), strict=True)
    ]

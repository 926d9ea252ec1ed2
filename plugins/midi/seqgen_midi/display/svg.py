"""Draws pieces as piano rolls in SVG, from left to right in one system."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqgen import atomic_write
from seqgen_midi.display.piano_roll import BLACK_KEYS, PROMPT_COLOUR, pitch_name, pitch_range, track_colour
from seqgen_midi.music.meters import bar_lines, first_bar_number
from seqgen_midi.music.piece import Piece

QUARTER_WIDTH = 34
SECOND_WIDTH = 60
PITCH_HEIGHT = 6
TOP_MARGIN = 16
"""Pixels above the roll, for the numbers of the bars."""


def write_svg(piece: Piece, path: Path) -> Path:
    """Writes `path`.svg: the piano roll of a piece. Raises OutputError."""
    target = path.with_name(f"{path.name}.svg")
    with atomic_write(target) as temporary:
        temporary.write_text(piano_roll_svg(piece), encoding="utf-8")
    return target


def pixels_per_tick(piece: Piece) -> float:
    """Returns the horizontal scale: quarters have one width, and in a piece without meters seconds have one."""
    if len(piece.meters):
        return QUARTER_WIDTH / piece.resolution
    end = bar_lines(piece)[-1]
    return SECOND_WIDTH * float(piece.seconds(np.array(end))) / end


def piano_roll_svg(piece: Piece, prompt_end: int = 0, overlay: str = "") -> str:
    """Returns the piano roll of a piece as an SVG element, with the first `prompt_end` ticks shaded.

    overlay: more SVG, drawn last
    """
    lines, scale = bar_lines(piece), pixels_per_tick(piece)
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
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2:.0f}" height="{bottom + 2}" role="img" '
        f'aria-label="piano roll">{"".join(parts)}{overlay}</svg>'
    )

"""A piece on a web page: its piano roll, with the data that `player.js` plays."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np

from seqgen.contract.drum_sound import drum_script
from seqgen.contract.escaping import html_text
from seqgen_midi.display.notes_in_time import notes_in_seconds
from seqgen_midi.display.piano_roll import title_of, track_colour
from seqgen_midi.display.svg import TOP_MARGIN, piano_roll_svg, pixels_per_tick
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import Piece

PLAY_HEAD = (
    f'<line class="head" y1="{TOP_MARGIN}" y2="100%" stroke="#c0392b" stroke-width="2" visibility="hidden"/>'
)  # fmt: skip


def player_script() -> str:
    """Returns the JavaScript that plays the rolls of a page."""
    return drum_script() + files("seqgen_midi.display").joinpath("player.js").read_text(encoding="utf-8")


def piano_roll_html(piece: Piece, default_tempo: int, prompt_end: int) -> str:
    """Returns the HTML of a player and its piano roll, with the first `prompt_end` ticks shaded.

    A piece without tempos is played at `default_tempo` quarters a minute.
    """
    legend = "".join(
        f'<span><i style="background:{track_colour(piece, number)}"></i>{html_text(name)}</span>'
        for number, name in enumerate(track_names(piece))
    )
    return (
        f'<figure class="roll" style="margin:0" data-notes="{html_text(json.dumps(_notes(piece, default_tempo)))}" '
        f'data-time="{html_text(json.dumps(_time(piece, default_tempo)))}">\n'
        f'<button type="button">▶ Play</button> {html_text(title_of(piece))}\n'
        f'<div class="scroll">{piano_roll_svg(piece, prompt_end, PLAY_HEAD)}</div>\n'
        f'<p class="legend">{legend}</p>\n</figure>'
    )


def _notes(piece: Piece, default_tempo: int) -> list[list[float]]:
    """Returns each note: start and length in seconds, pitch, loudness from 0 to 1, and 1 for drums."""
    roll = notes_in_seconds(piece, default_tempo)
    return [
        [round(start, 3), round(duration, 3), int(pitch), round(loudness, 2), int(is_drum)]
        for (start, duration, pitch, loudness, _), is_drum in zip(roll.tolist(), piece.is_drum.tolist(), strict=True)
    ]


def _time(piece: Piece, default_tempo: int) -> list[list[float]]:
    """Points (second, pixel) between which time passes evenly."""
    ticks = np.unique([0, *piece.tempos[:, 0].tolist(), bar_lines(piece)[-1]])
    seconds, scale = piece.seconds(ticks, default_tempo), pixels_per_tick(piece)
    return [
        [round(second, 3), round(tick * scale, 1)]
        for tick, second in zip(ticks.tolist(), seconds.tolist(), strict=True)
    ]

"""Draws chorales as piano rolls, in systems of a few bars like a page of music."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from seqgen_midi.chorale import Chorale
from seqgen_midi.statistics import key_of
from seqgen_midi.voices import VOICES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 128
"""16ths in one system, at most: eight bars of 4/4."""
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
BLACK_KEYS = {1, 3, 6, 8, 10}


def draw_png(item: Chorale, path: Path) -> None:
    """Writes a picture: pitches upward, bars numbered along each system, one colour a voice.

    Through matplotlib's objects and not pyplot, whose figures are global and never go away by themselves.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    bars = max(1, len(item.bar_lines()))
    systems = math.ceil(bars * item.bar / COLUMNS)
    width = math.ceil(bars / systems) * item.bar
    starts = range(item.pickup, item.pickup + bars * item.bar, width)
    sung = [note.pitch for voice in range(len(VOICES)) for note in item.notes(voice)] or [60]
    lowest, highest = min(sung) - 2, max(sung) + 2
    heading = 0.75
    height = max(2.2, 0.062 * (highest - lowest + 1)) + 0.35
    figure = Figure(figsize=(12.5, heading + height * len(starts)), dpi=110, layout="constrained")
    axes = figure.subplots(len(starts), 1, squeeze=False)[:, 0]
    for number, (start, axis) in enumerate(zip(starts, axes, strict=True)):
        left = 0 if number == 0 else start
        draw_system(axis, item, left, start, start + width, lowest, highest)
    figure.legend(
        handles=[Patch(color=voice.colour, label=voice.name) for voice in VOICES],
        loc="outside upper right",
        ncols=len(VOICES),
        frameon=False,
        fontsize=9,
    )
    key = key_of(item)
    letter, alteration = key.spell(60 + key.tonic)
    mode = "major" if key.mode == "maj" else "minor"
    figure.suptitle(
        f"{letter}{'♯' * alteration or '♭' * -alteration} {mode}  ·  {item.meter}  ·  {bars} bar{'s' * (bars != 1)}",
        x=0.01,
        ha="left",
        fontsize=12,
    )
    figure.savefig(path, format="png")


def draw_system(axis: Axes, item: Chorale, left: int, start: int, stop: int, lowest: int, highest: int) -> None:
    """One system on a matplotlib axis, from column `left`; full bars run from `start` to `stop`."""
    from matplotlib.patches import FancyBboxPatch

    for pitch in range(lowest, highest + 1):
        if pitch % 12 in BLACK_KEYS:
            axis.axhspan(pitch - 0.5, pitch + 0.5, color="#f3f3f1", linewidth=0, zorder=0)
        if pitch % 12 == 0:
            axis.axhline(pitch - 0.5, color="#d5d5d0", linewidth=0.7, zorder=1)
    end = min(stop, item.pickup + max(1, len(item.bar_lines())) * item.bar)
    quarters = [column for column in range(left, end) if (column - item.pickup) % 4 == 0]
    axis.vlines(quarters, lowest - 0.5, highest + 0.5, color="#e7e7e3", linewidth=0.6, zorder=1)
    lines = range(start, end + 1, item.bar)
    axis.vlines(lines, lowest - 0.5, highest + 0.5, color="#8a8a85", linewidth=0.9, zorder=2)
    for number, voice in reversed(list(enumerate(VOICES))):
        for note in item.notes(number):
            first, last = max(note.start, left), min(note.end, stop)
            if first < last:
                box = FancyBboxPatch(
                    (first + 0.12, note.pitch - 0.36),
                    last - first - 0.24,
                    0.72,
                    boxstyle="round,pad=0,rounding_size=0.3",
                    facecolor=voice.colour,
                    edgecolor="white",
                    linewidth=0.4,
                    zorder=3,
                )
                axis.add_patch(box)
    axis.set_xlim(left - 0.4, stop + 0.4)
    axis.set_ylim(lowest - 0.5, highest + 0.5)
    axis.set_xticks(lines[:-1], [str(item.bar_of(line)) for line in lines[:-1]], fontsize=8)
    named = [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in (0, 5, 9)]
    axis.set_yticks(named, [f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in named], fontsize=7)
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)

"""Draws pieces as piano rolls, in systems of a few bars like a page of music."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen_midi.music.instruments import pitch_class_durations, track_names
from seqgen_midi.music.keys import estimate_key
from seqgen_midi.music.meters import bar_lines, first_number
from seqgen_midi.music.piece import Piece
from seqgen_midi.music.voices import VOICES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUARTERS = 32
"""In one system, at most: eight bars of 4/4."""
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
BLACK_KEYS = {1, 3, 6, 8, 10}
COLOURS = (*(voice.colour for voice in VOICES), "#8a5fa8", "#b07aa1", "#6b8e23", "#20809f", "#9c755f", "#d37295")
DRUM_COLOUR = "#55585c"
GIVEN_COLOUR = "#fbeec1"


def draw_png(piece: Piece, path: Path, given: int = 0) -> None:
    """Writes a picture: pitches upward, bars numbered along each system, one colour a track; `given` ticks are shaded.

    Through matplotlib's objects and not pyplot, whose figures are global and never go away by themselves.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    lines = bar_lines(piece)
    systems = systems_of(lines, QUARTERS * piece.resolution)
    widest = max(stop - start for start, stop in systems)
    heard = piece.pitch if len(piece) else np.array([60])
    lowest, highest = int(heard.min()) - 2, int(heard.max()) + 2
    heading = 0.75
    height = max(2.2, 0.062 * (highest - lowest + 1)) + 0.35
    figure = Figure(figsize=(12.5, heading + height * len(systems)), dpi=110, layout="constrained")
    axes = figure.subplots(len(systems), 1, squeeze=False)[:, 0]
    colours = [colour_of(piece, track) for track in piece.track.tolist()]
    for (start, stop), axis in zip(systems, axes, strict=True):
        draw_system(axis, piece, colours, lines, start, stop, lowest, highest)
        if given > start:
            shaded = np.array([start, min(given, stop)]) * 4 / piece.resolution
            axis.axvspan(*shaded, color=GIVEN_COLOUR, linewidth=0, zorder=0.5)
        axis.set_xlim(
            (start - piece.resolution / 10) * 4 / piece.resolution, (start + widest) * 4 / piece.resolution + 0.4
        )
    figure.legend(
        handles=[Patch(color=colour_of(piece, number), label=name) for number, name in enumerate(track_names(piece))],
        loc="outside upper right",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    figure.suptitle(title_of(piece, lines), x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def colour_of(piece: Piece, track: int) -> str:
    """The colour of a track: the drums have their own, the others take turns."""
    return DRUM_COLOUR if piece.tracks[track].drums else COLOURS[track % len(COLOURS)]


def systems_of(lines: list[int], widest: int) -> list[tuple[int, int]]:
    """Bars gathered into systems: as few as there can be, of about equal width, in ticks."""
    count = -(-lines[-1] // widest)
    width = lines[-1] / count
    edges = [min(lines, key=lambda line: abs(line - number * width)) for number in range(count + 1)]
    return list(pairwise(sorted(set(edges))))


def title_of(piece: Piece, lines: list[int]) -> str:
    """The key, the commonest meter and the number of full bars; for a piece without meters, how long it lasts."""
    key = estimate_key(pitch_class_durations(piece))
    letter, alteration = key.spell(60 + key.tonic)
    name = f"{letter}{'♯' * alteration or '♭' * -alteration} {'major' if key.mode == 'maj' else 'minor'}"
    parts = [name] if len(piece) and not piece.drums.all() else []
    if not len(piece.meters):
        return "  ·  ".join([*parts, f"{float(piece.seconds(np.array(piece.end))):.1f} s"])
    lasting: Counter[str] = Counter()
    ends = [*piece.meters[1:, 0].tolist(), lines[-1]]
    for (tick, beats, unit), end in zip(piece.meters.tolist(), ends, strict=True):
        lasting[f"{beats}/{unit}"] += end - tick
    bars = len(lines) - 2 + first_number(lines)
    return "  ·  ".join([*parts, lasting.most_common(1)[0][0], f"{bars} bar{'s' * (bars != 1)}"])


def draw_system(
    axis: Axes, piece: Piece, colours: Sequence[Any], lines: list[int], start: int, stop: int, lowest: int, highest: int
) -> None:
    """One system on a matplotlib axis, from tick `start` to `stop`; along it a unit is a 16th. `colours`: of notes."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import FancyBboxPatch

    unit = 4 / piece.resolution
    for pitch in range(lowest, highest + 1):
        if pitch % 12 in BLACK_KEYS:
            axis.axhspan(pitch - 0.5, pitch + 0.5, color="#f3f3f1", linewidth=0, zorder=0)
        if pitch % 12 == 0:
            axis.axhline(pitch - 0.5, color="#d5d5d0", linewidth=0.7, zorder=1)
    here = [(number, line) for number, line in enumerate(lines, first_number(lines)) if start <= line <= stop]
    quarters = np.concatenate([np.arange(one, other, piece.resolution) for (_, one), (_, other) in pairwise(here)])
    axis.vlines(quarters * unit, lowest - 0.5, highest + 0.5, color="#e7e7e3", linewidth=0.6, zorder=1)
    axis.vlines(
        [line * unit for _, line in here], lowest - 0.5, highest + 0.5, color="#8a8a85", linewidth=0.9, zorder=2
    )
    ends = piece.start + piece.duration
    for track in reversed(range(len(piece.tracks))):
        boxes, shown_in = [], []
        for note in np.flatnonzero((piece.track == track) & (piece.start < stop) & (ends > start)).tolist():
            first, last = (max(int(piece.start[note]), start) * unit, min(int(ends[note]), stop) * unit)
            gap = min(0.12, (last - first) / 8)
            box = (first + gap, piece.pitch[note] - 0.36)
            style = f"round,pad=0,rounding_size={min(0.3, (last - first) / 3)}"
            boxes.append(FancyBboxPatch(box, last - first - 2 * gap, 0.72, boxstyle=style))
            shown_in.append(colours[note])
        axis.add_collection(PatchCollection(boxes, facecolor=shown_in, edgecolor="white", linewidth=0.4, zorder=3))
    label = "{:.0f} s".format if not len(piece.meters) else str
    shown = here[:-1] if len(here) > 1 else here
    names = [line / piece.resolution / 2 if not len(piece.meters) else number for number, line in shown]
    axis.set_xticks([line * unit for _, line in shown], [label(name) for name in names], fontsize=8)
    axis.set_ylim(lowest - 0.5, highest + 0.5)
    named = [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in (0, 5, 9)]
    axis.set_yticks(named, [f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in named], fontsize=7)
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)

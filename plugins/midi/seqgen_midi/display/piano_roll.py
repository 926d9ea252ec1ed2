"""Draws pieces as piano rolls, in systems of a few bars like a page of music.

The pictures are made of matplotlib's objects and not through pyplot, whose figures are global and never freed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqgen.contract.escaping import picture_text
from seqgen_midi.music.instruments import track_names
from seqgen_midi.music.keys import Key
from seqgen_midi.music.meters import bar_lines, first_bar_number, has_pickup
from seqgen_midi.music.piece import Piece

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_QUARTERS = 32
"""In one system: eight bars of 4/4."""
PITCH_CLASS_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
BLACK_KEYS = {1, 3, 6, 8, 10}
LABELLED_KEYS = {0, 5, 9}
COLOURS = (
    "#c8553d", "#e0a030", "#3d8f6f", "#33658a", "#8a5fa8", "#b07aa1", "#6b8e23", "#20809f", "#9c755f", "#d37295"
)  # fmt: skip
DRUM_COLOUR = "#55585c"
PROMPT_COLOUR = "#fbeec1"
BAR_LINE_COLOUR = "#8a8a85"
PITCH_MARGIN = 2
"""Semitones below the lowest and above the highest note."""
WIDTH, HEADING_HEIGHT, GAP_HEIGHT, DPI = 12.5, 0.75, 0.35, 110
"""Of a picture, in inches."""


def draw_png(piece: Piece, path: Path, prompt_end: int = 0) -> None:
    """Writes a piano roll: bars are numbered along each system, and each track has a colour.

    The first `prompt_end` ticks are shaded.
    """
    from matplotlib.patches import Patch

    colours = [track_colour(piece, track) for track in piece.track.tolist()]
    figure, systems = draw_systems(piece, colours)
    for (start, stop), (axis, *_) in systems.items():
        if prompt_end > start:
            shaded = np.array([start, min(prompt_end, stop)]) * 4 / piece.resolution
            axis.axvspan(*shaded, color=PROMPT_COLOUR, linewidth=0, zorder=0.5)
    figure.legend(
        handles=[
            Patch(color=track_colour(piece, number), label=picture_text(name))
            for number, name in enumerate(track_names(piece))
        ],
        loc="outside upper right",
        ncols=4,
        frameon=False,
        fontsize=9,
    )
    figure.suptitle(title_of(piece), x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def draw_systems(
    piece: Piece, colours: Sequence[Any], curve_height: float = 0
) -> tuple[Figure, dict[tuple[int, int], list[Axes]]]:
    """Returns a figure of the systems of a piece, whose notes have `colours` [n].

    Returns the axes of each system by its first and last tick: the piano roll, and below it an axis of `curve_height`
    inches unless that is 0. All have one scale, in 16ths.
    """
    from matplotlib.figure import Figure

    lines = bar_lines(piece)
    systems = systems_of(lines, MAX_QUARTERS * piece.resolution)
    lowest, highest = pitch_range(piece)
    heights = [height for height in (max(2.2, 0.062 * (highest - lowest + 1)), curve_height) if height]
    total = HEADING_HEIGHT + (sum(heights) + GAP_HEIGHT) * len(systems)
    figure = Figure(figsize=(WIDTH, total), dpi=DPI, layout="constrained")
    rows = len(heights) * len(systems)
    axes = figure.subplots(rows, 1, squeeze=False, height_ratios=heights * len(systems))[:, 0].tolist()
    widest = max(stop - start for start, stop in systems)
    placed = {system: axes[len(heights) * n : len(heights) * (n + 1)] for n, system in enumerate(systems)}
    for (start, stop), own in placed.items():
        _draw_system(own[0], piece, colours, lines, start, stop)
        for axis in own:
            axis.set_xlim(
                (start - piece.resolution / 10) * 4 / piece.resolution, (start + widest) * 4 / piece.resolution + 0.4
            )
    return figure, placed


def track_colour(piece: Piece, track: int) -> str:
    """Returns the colour of a track. The drums have their own, and the others take turns."""
    return DRUM_COLOUR if piece.tracks[track].is_drums else COLOURS[track % len(COLOURS)]


def pitch_name(pitch: int) -> str:
    """Returns the name of a MIDI pitch: "C4" for 60."""
    return f"{PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 1}"


def pitch_range(piece: Piece) -> tuple[int, int]:
    """Returns the lowest and the highest MIDI pitch of a piano roll."""
    pitch = piece.pitch if len(piece) else np.array([60])
    return int(pitch.min()) - PITCH_MARGIN, int(pitch.max()) + PITCH_MARGIN


def systems_of(lines: list[int], max_ticks: int) -> list[tuple[int, int]]:
    """Returns the bars in as few systems as can be, of about equal width: first and last tick of each."""
    count = -(-lines[-1] // max_ticks)
    width = lines[-1] / count
    edges = [min(lines, key=lambda line: abs(line - number * width)) for number in range(count + 1)]
    return list(pairwise(sorted(set(edges))))


def key_title(key: Key) -> str:
    """Returns the name of a major or minor key for people: "G minor"."""
    letter, alteration = key.spell(60 + key.tonic)
    return f"{letter}{'♯' * alteration or '♭' * -alteration} {'major' if key.mode == 'maj' else 'minor'}"


def title_of(piece: Piece) -> str:
    """Returns the key, the commonest meter and the number of full bars.

    A piece without meters has its length in seconds.
    """
    lines = bar_lines(piece)
    parts = [key_title(piece.declared_or_estimated_key())] if len(piece) and not piece.is_drum.all() else []
    if not len(piece.meters):
        return "  ·  ".join([*parts, f"{piece.length_in_seconds():.1f} s"])
    ticks_in: Counter[str] = Counter()
    ends = [*piece.meters[1:, 0].tolist(), lines[-1]]
    for (tick, beats, unit), end in zip(piece.meters.tolist(), ends, strict=True):
        ticks_in[f"{beats}/{unit}"] += end - tick
    bars = len(lines) - 1 - has_pickup(lines)
    return "  ·  ".join([*parts, ticks_in.most_common(1)[0][0], f"{bars} bar{'s' * (bars != 1)}"])


def _draw_system(axis: Axes, piece: Piece, colours: Sequence[Any], lines: list[int], start: int, stop: int) -> None:
    """Draws one system on an axis along which a unit is a 16th."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import FancyBboxPatch

    lowest, highest = pitch_range(piece)
    unit = 4 / piece.resolution
    for pitch in range(lowest, highest + 1):
        if pitch % 12 in BLACK_KEYS:
            axis.axhspan(pitch - 0.5, pitch + 0.5, color="#f3f3f1", linewidth=0, zorder=0)
        if pitch % 12 == 0:
            axis.axhline(pitch - 0.5, color="#d5d5d0", linewidth=0.7, zorder=1)
    bars = [(number, line) for number, line in enumerate(lines, first_bar_number(lines)) if start <= line <= stop]
    quarters = np.concatenate([np.arange(one, other, piece.resolution) for (_, one), (_, other) in pairwise(bars)])
    axis.vlines(quarters * unit, lowest - 0.5, highest + 0.5, color="#e7e7e3", linewidth=0.6, zorder=1)
    bar_positions = [line * unit for _, line in bars]
    axis.vlines(bar_positions, lowest - 0.5, highest + 0.5, color=BAR_LINE_COLOUR, linewidth=0.9, zorder=2)
    ends = piece.start + piece.duration
    for track in reversed(range(len(piece.tracks))):
        boxes, box_colours = [], []
        for note in np.flatnonzero((piece.track == track) & (piece.start < stop) & (ends > start)).tolist():
            first, last = (max(int(piece.start[note]), start) * unit, min(int(ends[note]), stop) * unit)
            gap = min(0.12, (last - first) / 8)
            corner = (first + gap, piece.pitch[note] - 0.36)
            style = f"round,pad=0,rounding_size={min(0.3, (last - first) / 3)}"
            boxes.append(FancyBboxPatch(corner, last - first - 2 * gap, 0.72, boxstyle=style))
            box_colours.append(colours[note])
        axis.add_collection(PatchCollection(boxes, facecolor=box_colours, edgecolor="white", linewidth=0.4, zorder=3))
    labelled = bars[:-1] if len(bars) > 1 else bars
    labels = [str(number) if len(piece.meters) else f"{line / piece.resolution / 2:.0f} s" for number, line in labelled]
    axis.set_xticks([line * unit for _, line in labelled], labels, fontsize=8)
    axis.set_ylim(lowest - 0.5, highest + 0.5)
    keys = [pitch for pitch in range(lowest, highest + 1) if pitch % 12 in LABELLED_KEYS]
    axis.set_yticks(keys, [pitch_name(pitch) for pitch in keys], fontsize=7)
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)

"""Pictures of what happens inside a model while it reads a document: one column for each token.

The pictures are made of matplotlib's objects and not through pyplot, whose figures are global and never freed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqgen.contract.escaping import picture_text
from seqgen.contract.piano_roll import PianoRoll
from seqgen.engine.scoring.introspection import Activations

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 12.5, 110
"""Of a picture, in inches, and pixels in an inch."""
MAX_NAMED_TOKENS = 48
"""Tokens of a longer document are counted and not named."""
NAME_LENGTH = 14
TRACK_COLOURS = ("#c8553d", "#e0a030", "#3d8f6f", "#33658a", "#8a5fa8", "#b07aa1", "#6b8e23", "#20809f")
MIN_NORM = 1e-30
"""The smallest gradient that is shown."""


def draw_layer(
    activations: Activations, layer: int, names: Sequence[str], roll: PianoRoll | None, path: Path
) -> None:  # fmt: skip
    """Draws the gates and the states of a layer, units from top to bottom in the order of their first gate's mean.

    names: of the tokens
    roll:  the notes, which are drawn above; None for a document that is no music
    """
    parts = {name.replace("_", " "): (values[:, layer], (0.0, 1.0)) for name, values in activations.gates.items()}
    parts["candidate"] = activations.candidate[:, layer], (-1.0, 1.0)
    if activations.cell_states is not None:
        # A unit that counts grows into the hundreds, and would leave all others white.
        states = activations.cell_states[:, layer]
        largest = np.maximum(np.abs(states).max(0), 1e-6)
        parts["cell state, each unit relative to its largest"] = states / largest, (-1.0, 1.0)
    parts["hidden state"] = activations.hidden_states[:, layer], (-1.0, 1.0)
    order = np.argsort(next(iter(parts.values()))[0].mean(0))
    figure, axes, above = _figure(len(parts), 1.7, roll)
    for axis, (name, (values, limits)) in zip(axes, parts.items(), strict=True):
        colours = "viridis" if limits[0] == 0 else "RdBu_r"
        image = axis.imshow(
            values[:, order].T, aspect="auto", interpolation="nearest", cmap=colours, vmin=limits[0], vmax=limits[1]
        )
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_ylabel(f"{values.shape[1]} units", fontsize=8)
        axis.set_yticks([])
        figure.colorbar(image, ax=axis, fraction=0.02, pad=0.01).ax.tick_params(labelsize=7)
    _draw_roll(above, roll, len(names))
    _name_tokens(axes, names)
    figure.suptitle(f"layer {layer + 1}", x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def draw_units(
    states: Mapping[str, np.ndarray], features: Mapping[str, np.ndarray], names: Sequence[str],
    roll: PianoRoll | None, path: Path,
) -> None:  # fmt: skip
    """Draws the states float[n] of units beside the feature of the same title that each follows."""
    figure, axes, above = _figure(len(states), 1.15, roll)
    positions = np.arange(len(names))
    for axis, (title, values) in zip(axes, states.items(), strict=True):
        axis.plot(positions, values, color="#33658a", linewidth=1)
        axis.tick_params(labelsize=7)
        beside = axis.twinx()
        beside.plot(positions, features[title], color="#e0a030", linewidth=1.2, alpha=0.8, drawstyle="steps-mid")
        beside.tick_params(labelsize=7, colors="#a87010")
        axis.set_title(picture_text(title), loc="left", fontsize=9)
        axis.set_xlim(-0.5, len(names) - 0.5)
    _draw_roll(above, roll, len(names))
    _name_tokens(axes, names)
    figure.suptitle("units (blue) and what they follow (yellow)", x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def draw_attention(attention: np.ndarray, names: Sequence[str], path: Path) -> None:
    """Draws attention weights by distance float[n, M + 1] as a map: which token (row) looks at which (column)."""
    from matplotlib.figure import Figure

    count = len(attention)
    weights = np.zeros((count, count))
    for distance in range(min(count, attention.shape[1])):
        rows = np.arange(distance, count)
        weights[rows, rows - distance] = attention[rows, distance]
    figure = Figure(figsize=(9, 8), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(weights**0.5, cmap="viridis", interpolation="nearest")
    figure.colorbar(image, ax=axis, label="square root of the weight", fraction=0.04)
    axis.set_xlabel("token that is looked at")
    axis.set_ylabel("token that looks")
    _name_tokens([axis], names)
    figure.suptitle("attention", x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def draw_gradients(norms: Mapping[str, np.ndarray], path: Path) -> None:
    """Draws gradient norms by distance float[K + 1] of some models by name, relative to those of the last step."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=DPI, layout="constrained")
    axis = figure.subplots()
    for (name, values), colour in zip(norms.items(), TRACK_COLOURS, strict=False):
        relative = np.maximum(values / max(values[0], MIN_NORM), MIN_NORM)
        axis.semilogy(np.arange(len(values)), relative, label=name, color=colour, linewidth=1.6)
    axis.set_xlabel("tokens back")
    axis.set_ylabel("length of the gradient, relative to the last step")
    axis.grid(alpha=0.3)
    axis.legend(frameon=False)
    figure.suptitle("how far back the cost of a token depends on the hidden state", x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def _figure(count: int, height: float, roll: PianoRoll | None) -> tuple[Figure, list[Axes], Axes | None]:
    """Returns a figure, an axis for each of `count` parts, and one above them for the notes, if there are any."""
    from matplotlib.figure import Figure

    heights = [1.5] * (roll is not None) + [height] * count
    figure = Figure(figsize=(WIDTH, sum(heights) + 1.0), dpi=DPI, layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0].tolist()
    return figure, axes[len(axes) - count :], axes[0] if roll is not None else None


def _draw_roll(axis: Axes | None, roll: PianoRoll | None, count: int) -> None:
    """Draws each note from the first to the last token that says something of it."""
    if axis is None or roll is None:
        return
    from matplotlib.patches import Patch

    positions = np.flatnonzero(roll.note_numbers >= 0)
    numbers = roll.note_numbers[positions]
    for number in np.unique(numbers).tolist():
        of_note = positions[numbers == number]
        colour = TRACK_COLOURS[int(roll.notes[number, 4]) % len(TRACK_COLOURS)]
        pitch = roll.notes[number, 2]
        axis.plot(
            [of_note[0] - 0.5, of_note[-1] + 0.5], [pitch, pitch], color=colour, linewidth=2.5, solid_capstyle="butt"
        )
    axis.set_xlim(-0.5, count - 0.5)
    axis.set_ylabel("pitch", fontsize=8)
    axis.tick_params(labelsize=7)
    handles = [
        Patch(color=TRACK_COLOURS[number % len(TRACK_COLOURS)], label=picture_text(name))
        for number, name in enumerate(roll.tracks)
    ]
    axis.legend(handles=handles, loc="lower right", bbox_to_anchor=(1, 1), ncols=6, fontsize=7, frameon=False)


def _name_tokens(axes: Sequence[Axes], names: Sequence[str]) -> None:
    """Writes the names of the tokens below the lowest axis, if there are few."""
    axes[-1].tick_params(axis="x", labelsize=7)
    if len(names) <= MAX_NAMED_TOKENS:
        shown = [picture_text(repr(name)[1:-1][:NAME_LENGTH]) for name in names]
        axes[-1].set_xticks(range(len(names)), shown, rotation=90, fontsize=7)
    elif axes[-1].get_xlabel() == "":
        axes[-1].set_xlabel("token", fontsize=8)

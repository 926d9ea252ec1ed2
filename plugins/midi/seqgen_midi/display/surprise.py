"""Draws the surprise over the piano roll: notes in the colours of their nats, the nats as time goes on below."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqgen_midi.display.piano_roll import QUARTERS, draw_system, systems_of, title_of
from seqgen_midi.music.meters import bar_lines
from seqgen_midi.music.piece import Piece

COLOURS = "coolwarm"
"""Blue where the model expected a note, red where it did not."""
OUTLIERS = 99
"""In percent: the colours end with the nats that so many notes do not exceed."""


def draw_surprise(piece: Piece, nats: np.ndarray, path: Path) -> None:
    """Writes a picture of a piece of which each note cost nats[notes].

    The curve below a system gives the nats of the notes that begin in each quarter; in real time, in each half second.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    lines = bar_lines(piece)
    systems = systems_of(lines, QUARTERS * piece.resolution)
    widest = max(stop - start for start, stop in systems)
    heard = piece.pitch if len(piece) else np.array([60])
    lowest, highest = int(heard.min()) - 2, int(heard.max()) + 2
    scale = ScalarMappable(Normalize(0, max(1.0, np.percentile(nats, OUTLIERS) if len(nats) else 0)), COLOURS)
    colours = scale.to_rgba(nats).tolist()
    curve = nats_by_quarter(piece, nats)
    height, low = max(2.2, 0.062 * (highest - lowest + 1)), 0.9
    figure = Figure(figsize=(12.5, 0.75 + (height + low + 0.35) * len(systems)), dpi=110, layout="constrained")
    axes = figure.subplots(2 * len(systems), 1, squeeze=False, height_ratios=[height, low] * len(systems))[:, 0]
    unit = 4 / piece.resolution
    for (start, stop), roll, below in zip(systems, axes[::2], axes[1::2], strict=True):
        draw_system(roll, piece, colours, lines, start, stop, lowest, highest)
        first = start // piece.resolution
        part = curve[first : -(-stop // piece.resolution)]
        below.stairs(part, 4 * np.arange(first, first + len(part) + 1), fill=True, color="#8a8a85")
        below.set_ylim(0, max(1.0, curve.max(initial=0)))
        below.set_xticks([])
        below.set_ylabel("nats", fontsize=7)
        below.tick_params(labelsize=7, length=0)
        for side in ("top", "right"):
            below.spines[side].set_visible(False)
        for axis in (roll, below):
            axis.set_xlim((start - piece.resolution / 10) * unit, (start + widest) * unit + 0.4)
    figure.colorbar(
        scale, ax=list(axes), label="nats a note", extend="max", location="bottom", anchor=(1, 0), shrink=0.3,
        aspect=40, fraction=0.15 / len(systems), pad=0.05 / len(systems),
    )  # fmt: skip
    mean = f"{nats.mean():.2f} nats a note" if len(nats) else "no notes"
    figure.suptitle(f"{title_of(piece, lines)}  ·  {mean}", x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def nats_by_quarter(piece: Piece, nats: np.ndarray) -> np.ndarray:
    """The nats of the notes that begin in each quarter, to the end of the piece: float[quarters]."""
    return np.bincount(piece.start // piece.resolution, nats, -(-piece.end // piece.resolution))

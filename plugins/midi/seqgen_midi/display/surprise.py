"""Draws the surprise of a model: a piano roll with notes in the colour of their nats, and the nats over time below."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from seqgen_midi.display.piano_roll import BAR_LINE_COLOUR, draw_systems, title_of
from seqgen_midi.music.piece import Piece

COLOUR_MAP = "coolwarm"
"""Blue where the model expected a note, red where it did not."""
SCALE_PERCENTILE = 99
"""The colour scale ends at the nats that so many per cent of the notes do not exceed."""
CURVE_HEIGHT = 0.9


def draw_surprise(piece: Piece, nats: np.ndarray, path: Path) -> None:
    """Writes a picture of a piece whose notes cost nats[n].

    The curve below a system shows the nats of the notes that begin in each quarter. In a piece in real time, a quarter
    is half a second.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    highest_nats = max(1.0, np.percentile(nats, SCALE_PERCENTILE) if len(nats) else 0)
    scale = ScalarMappable(Normalize(0, highest_nats), COLOUR_MAP)
    figure, systems = draw_systems(piece, scale.to_rgba(nats).tolist(), CURVE_HEIGHT)
    curve = nats_by_quarter(piece, nats)
    for (start, stop), (_, below) in systems.items():
        first = start // piece.resolution
        part = curve[first : -(-stop // piece.resolution)]
        below.stairs(part, 4 * np.arange(first, first + len(part) + 1), fill=True, color=BAR_LINE_COLOUR)
        below.set_ylim(0, max(1.0, curve.max(initial=0)))
        below.set_xticks([])
        below.set_ylabel("nats", fontsize=7)
        below.tick_params(labelsize=7, length=0)
        for side in ("top", "right"):
            below.spines[side].set_visible(False)
    figure.colorbar(
        scale, ax=figure.axes, label="nats a note", extend="max", location="bottom", anchor=(1, 0), shrink=0.3,
        aspect=40, fraction=0.15 / len(systems), pad=0.05 / len(systems),
    )  # fmt: skip
    mean = f"{nats.mean():.2f} nats a note" if len(nats) else "no notes"
    figure.suptitle(f"{title_of(piece)}  ·  {mean}", x=0.01, ha="left", fontsize=12)
    figure.savefig(path, format="png")


def nats_by_quarter(piece: Piece, nats: np.ndarray) -> np.ndarray:
    """Returns the nats of the notes that begin in each quarter, to the end of the piece: float[quarters]."""
    return np.bincount(piece.start // piece.resolution, nats, -(-piece.end // piece.resolution))

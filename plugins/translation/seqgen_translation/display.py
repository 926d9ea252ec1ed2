"""Shows sentence pairs: as HTML, and as a picture of the alignment."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from seqgen import Display, atomic_write
from seqgen.contract.escaping import html_text, picture_text
from seqgen_translation.sentence_pair import SentencePair

CELL_INCHES = 0.32
MARGIN_INCHES = 1.6
MAX_DRAWN_WORDS = 80
"""Further words of a side are left out of the picture."""


class PairDisplay(Display[SentencePair]):
    """The picture has a row for each target word and a column for each source word; darker cells weigh more.

    The cells are empty for a pair whose alignment is not known.
    """

    renderings = ("png",)

    def render(self, item: SentencePair, rendering: str, path: Path, prompt_item: SentencePair | None = None) -> Path:
        from matplotlib.figure import Figure

        alignment = item.alignment
        source, target = (side[:MAX_DRAWN_WORDS] for side in _words(item))
        weights = np.zeros((max(len(target), 1), max(len(source), 1)))
        if alignment is not None and source and target:
            weights[:] = np.array(alignment.weights)[:MAX_DRAWN_WORDS, :MAX_DRAWN_WORDS]
        size = (MARGIN_INCHES + CELL_INCHES * weights.shape[1], MARGIN_INCHES + CELL_INCHES * weights.shape[0])
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.add_subplot()
        axes.imshow(weights, cmap="Greys", vmin=0, vmax=1, aspect="equal")
        axes.set_xticks(range(len(source)), map(picture_text, source), rotation=90)
        axes.set_yticks(range(len(target)), map(picture_text, target))
        axes.xaxis.tick_top()
        axes.set_xlabel("source")
        axes.set_ylabel("target")
        picture = path.with_name(f"{path.name}.{rendering}")
        with atomic_write(picture) as temporary, warnings.catch_warnings():
            # Matplotlib's own font has no Chinese, for example. A box stands for each character that is missing.
            warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
            figure.savefig(temporary, format="png")
        return picture

    def html(self, item: SentencePair, prompt_item: SentencePair | None = None) -> str:
        return f"<p>{html_text(item.source)}</p>\n<p><b>{html_text(item.target or '')}</b></p>"


def _words(item: SentencePair) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if item.alignment is not None:
        return item.alignment.source, item.alignment.target
    return tuple(item.source.split()), tuple((item.target or "").split())

"""The picture of surprise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.image import imread
from seqgen_midi.display.surprise import nats_by_quarter
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece


def test_a_note_that_was_not_expected_is_red_and_stands_out_below(
    domain: MidiDomain, chorale: Piece, tmp_path: Path
) -> None:
    ids, piece = domain.encode(chorale).ids, chorale
    notes = domain.encoding.note_numbers(ids)
    pictures = []
    for surprising in (0, len(piece) - 1):
        nats = np.where(notes == surprising, 3.0, 0.01).astype(np.float32)
        pixels = imread(domain.display.draw_surprise(ids, nats, tmp_path / str(surprising)))[..., :3]
        red = (pixels[..., 0] > 0.6) & (pixels[..., 1:].max(axis=-1) < 0.2)
        # The scale of colours lies at the right of the lowest fifth.
        pictures.append(np.flatnonzero(red[: int(0.8 * len(red))].any(axis=0)))
    assert pictures[0].max() < pictures[1].min()
    curve = nats_by_quarter(piece, np.arange(len(piece), dtype=float))
    assert curve.sum() == len(piece) * (len(piece) - 1) / 2
    assert curve[0] == sum(range(5))

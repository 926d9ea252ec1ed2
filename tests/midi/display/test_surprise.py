"""Which note of a piece the nats of a token belong to, and their picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Band
from matplotlib.image import imread
from seqgen_midi.display.surprise import nats_by_quarter
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece


def said(domain: MidiDomain, ids: np.ndarray) -> list[list[str]]:
    """The names of the tokens of each note."""
    notes = domain.encoding.note_numbers(ids)
    return [[domain.vocabulary[int(number)] for number in ids[notes == note]] for note in range(notes.max() + 1)]


@pytest.mark.parametrize("name", ["melody", "drums", "score", "performance"])
def test_every_note_has_its_own_tokens(domains: dict[str, MidiDomain], bands: list[Band], name: str) -> None:
    domain = domains[name]
    for band in bands[:3]:
        (item,) = domain.read(band.path)
        tokens = said(domain, domain.encode(item).ids)
        assert len(tokens) == len(item)
        for note, names in enumerate(tokens):
            pitches = [name for name in names if name.split(":")[0] in ("pitch", "drum", "hit")]
            assert len(pitches) == 1
            if name != "drums":
                assert int(pitches[0].split(":")[1]) == item.pitch[note]
            if name == "melody":
                assert names.count("hold") == item.duration[note] - 1
            if name == "performance":
                assert sum(int(name.split(":")[1]) for name in names if "duration" in name) == item.duration[note]


def test_holds_belong_to_the_note_that_they_hold(domain: MidiDomain, chorale: Piece) -> None:
    piece = chorale
    tokens = said(domain, domain.encode(chorale).ids)
    assert [(int(names[0].removeprefix("pitch:")), len(names)) for names in tokens] == list(
        zip(piece.pitch.tolist(), piece.duration.tolist(), strict=True)
    )


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

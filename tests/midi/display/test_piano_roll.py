"""Pictures of pieces."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece


def test_the_picture_shows_every_voice_in_its_colour(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    backend = matplotlib.get_backend()
    path = domain.display.render(chorale, "png", tmp_path / "made")
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    for colour in ((200, 85, 61), (224, 160, 48), (61, 143, 111), (51, 101, 138)):
        assert (np.abs(pixels.astype(int) - colour).sum(axis=1) < 6).sum() > 500
    assert matplotlib.get_backend() == backend


def test_the_picture_shows_every_track_in_its_colour(domains: dict[str, MidiDomain], tmp_path: Path) -> None:
    domain = domains["score"]
    notes = [f"program:{program} pitch:{55 + program} velocity:82 duration:24" for program in (0, 2, 4)]
    names = f"bar:3/4 tempo:120 position:0 {' '.join(notes)} " + "drum:58 velocity:82 " * 9
    item = domain.decode(np.array([0, *(domain.vocabulary.ids[name] for name in names.split()), 1]))
    pixels = np.asarray(Image.open(domain.display.render(item, "png", tmp_path / "made")).convert("RGB")).reshape(-1, 3)
    for colour in ((200, 85, 61), (224, 160, 48), (61, 143, 111), (85, 88, 92)):
        assert (np.abs(pixels.astype(int) - colour).sum(axis=1) < 6).sum() > 500


def test_the_prompt_is_shaded(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    shaded = []
    for given in (None, chorale.select(chorale.start < 16)):
        pixels = np.asarray(Image.open(domain.display.render(chorale, "png", tmp_path / "made", given)).convert("RGB"))
        shaded.append((np.abs(pixels.astype(int) - (251, 238, 193)).sum(axis=2) < 6).sum())
    assert shaded[0] == 0
    assert shaded[1] > 1000

"""Pieces as sound."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import only_piece
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece, Track


def test_the_sound_of_a_chorale_lasts_as_long_as_the_music(domain: MidiDomain, chorale: Piece, tmp_path: Path) -> None:
    with wave.open(str(domain.display.render(chorale, "wav", tmp_path / "made"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44100)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        seconds = file.getnframes() / 44100
    music = chorale.end * 60 / 80 / 4
    assert music <= seconds < music + 6
    assert 20_000 < np.abs(samples.astype(int)).max() < 32_767


@pytest.mark.parametrize(("name", "seconds"), [("performance", None), ("drums", 60 / 80)])
def test_the_sound_lasts_as_long_as_the_music(
    name: str, seconds: float | None, domains: dict[str, MidiDomain], bands: list[Any], tmp_path: Path
) -> None:
    item = only_piece(domains[name], bands[0].path)
    with wave.open(str(domains[name].display.render(item, "wav", tmp_path / "made"))) as file:
        lasts = file.getnframes() / file.getframerate()
    # Performances tell their time; drums are written at the tempo that is set, 80 quarters a minute.
    music = item.end / 100 if seconds is None else item.end / 4 * seconds
    assert music <= lasts < music + 8


def test_notes_from_which_the_synthesizer_never_comes_back_sound_lower(
    domains: dict[str, MidiDomain], tmp_path: Path
) -> None:
    made = []
    for pitch in (107, 95):
        piece = Piece.of(12, [Track(27)], [np.array([number]) for number in (0, 12, pitch, 82, 0)])
        made.append(domains["score"].display.render(piece, "wav", tmp_path / str(pitch)).read_bytes())
    assert made[0] == made[1]
    assert any(made[0][44:])

"""Melodies: every note is there, once, where an independent reference puts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quantising_reference as reference
from helpers import document, note_rows, only_piece, round_trip
from seqgen_midi.domain import MidiDomain
from seqgen_midi.encodings.melody import Melody
from seqgen_midi.music.chords import chord_name
from seqgen_midi.music.piece import Piece, Track

from seqgen import Remark


@pytest.mark.parametrize("resolution", [None, 24])
def test_a_melody_is_every_note_of_its_track(bands: list[Any], resolution: int | None) -> None:
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", resolution=resolution))
    for band in bands:
        tune = [note for note in band.notes if note[4][2] == 0]
        found = [
            (start, start + length, pitch) for start, length, pitch, *_ in note_rows(round_trip(domain, band.path))
        ]
        assert found == reference.melody(tune, band.resolution, resolution or 4)


def test_a_chord_symbol_stands_before_the_eighth_at_which_it_begins(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    text = (
        "bar:3/8 chord:Am pitch:60 hold chord:G hold hold rest rest "
        "bar:2/4 rest rest rest rest chord:C7 pitch:62 hold chord:F hold rest"
    )
    ids = document(domain, text)
    piece = domain.decode(ids)
    assert piece.chords.tolist() == [[0, 9, 1], [2, 7, 0], [10, 0, 2], [12, 5, 0]]
    assert domain.grammar().accepts(ids)
    assert np.array_equal(domain.encode(piece).ids, ids)
    assert not domain.grammar().accepts(document(domain, "bar:1/8 chord:Am chord:G pitch:60 hold"))


def test_chord_symbols_move_to_the_nearest_eighth_of_their_bar() -> None:
    notes = [np.array([column]) for column in (0, 5 * 480, 60, 80, 0)]
    chords = [(0, 0, 0), (110, 7, 0), (130, 9, 1), (470, 5, 0), (1810, 2, 1), (2390, 4, 1), (4000, 0, 0)]
    piece = Piece.of(480, [Track()], notes, meters=[(0, 4, 4), (1920, 1, 4)], chords=chords)
    assert Melody().quantise(piece).chords.tolist() == [[0, 7, 0], [2, 9, 1], [4, 5, 0], [16, 2, 1]]


def test_the_model_is_told_the_place_in_the_bar(domains: dict[str, MidiDomain]) -> None:
    grammar = domains["melody"].grammar()
    ids = document(domains["melody"], "bar:3/8 pitch:60 hold hold rest rest rest bar:6/8 pitch:60" + " hold" * 11)
    classes = grammar.state_class[grammar.unroll(ids)].tolist()
    assert len(set(classes[2:7])) == 5
    assert classes[2:7] != classes[9:14]


def test_a_note_that_sounds_across_the_end_of_the_prompt_begins_anew(domains: dict[str, MidiDomain]) -> None:
    domain = domains["melody"]
    ids = document(domain, "bar:1/8 pitch:60 hold bar:1/8 hold rest")
    rest = domain.prompting.without_prompt(ids, 4)
    assert rest.tolist() == document(domain, "bar:1/8 pitch:60 rest").tolist()


def test_chord_symbols_are_inferred_for_a_melody_without_any_if_the_setting_says_so(tmp_path: Path) -> None:
    text = "X:1\nT:A tune\nM:4/4\nL:1/4\nK:G\n{}GBdB | {}cegc | {}dAFA | {}G4 |]\n"
    (tmp_path / "bare.abc").write_text(text.format(*[""] * 4))
    (tmp_path / "written.abc").write_text(text.format('"Em"', "", "", ""))
    domain = MidiDomain(MidiDomain.Settings(encoding="melody", infer_chords=True))
    bare, written = (only_piece(domain, tmp_path / f"{name}.abc") for name in ("bare", "written"))
    assert [chord_name(root, quality) for _, root, quality in bare.chords.tolist()] == ["G", "C", "D", "G"]
    assert bare.chords[:, 0].tolist() == [0, 16, 32, 48]
    assert written.chords.tolist() == [[0, 4, 1]]
    assert not [result for result in domain.read(tmp_path / "bare.abc") if isinstance(result, Remark)]
    assert not len(only_piece(MidiDomain(MidiDomain.Settings(encoding="melody")), tmp_path / "bare.abc").chords)

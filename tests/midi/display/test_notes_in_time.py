"""Pieces in real time."""

from __future__ import annotations

import numpy as np
from seqgen_midi.domain import MidiDomain
from seqgen_midi.music.piece import Piece, Track


def test_notes_and_bars_are_in_seconds(domain: MidiDomain, chorale: Piece) -> None:
    ids = domain.encode(chorale).ids
    roll = domain.display.piano_roll(domain.decode(ids), ids)
    piece = domain.decode(ids)
    assert np.allclose(roll.notes[:, 0], piece.seconds(piece.start, domain.settings.tempo))
    assert roll.notes[:, 2].tolist() == piece.pitch.tolist()
    assert sorted(set(roll.note_numbers.tolist()) - {-1}) == list(range(len(piece)))
    assert len(roll.tracks) == len(roll.is_drums) == len(piece.tracks)
    assert roll.bar_lines[0] == 0
    assert roll.bar_lines[-1] >= roll.notes[:, :2].sum(axis=1).max() - 1e-9


def test_a_document_that_was_cut_shows_the_notes_so_far(domain: MidiDomain, chorale: Piece) -> None:
    ids = domain.encode(chorale).ids
    for length in (1, 2, len(ids) // 2):
        roll = domain.display.piano_roll(domain.decode(ids[:length]), ids[:length])
        assert len(roll.note_numbers) == length
        assert roll.note_numbers.max(initial=-1) < max(len(roll.notes), 1)


def test_music_in_real_time_has_no_bars(domain: MidiDomain) -> None:
    piece = Piece.of(480, [Track(is_drums=True)], list(np.array([(480, 480, 36, 127, 0)]).T))
    from seqgen_midi.display.notes_in_time import piano_roll

    roll = piano_roll(piece, np.array([-1]), 60)
    assert roll.bar_lines == ()
    assert roll.notes.tolist() == [[1, 1, 36, 1, 0]]

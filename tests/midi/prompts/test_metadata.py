"""What the tokens of a prompt do not say comes back as metadata, which are JSON of a limited size."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.piece import Piece, Track
from seqgen_midi.prompts.metadata import metadata_of, with_metadata

MAX_BYTES = 2**16
"""The size of the metadata of a record."""


def piece_of(tempos: int, tracks: int) -> Piece:
    """A piece with many tempos and tracks, each of which plays one note."""
    number = np.arange(tracks)
    rows = np.column_stack([480_000 * np.arange(tempos), 1_200_000 - np.arange(tempos) % 7])
    players = [Track(track % 128, name=f"𝄞 player {track} " * 9, part=track // 128) for track in range(tracks)]
    notes = (480 * number, 480 + 0 * number, 60 + 0 * number, 80 + 0 * number, number)
    return Piece.of(480, players, notes, tempos=rows, key=parse_key("F#min"))


@pytest.mark.parametrize(("tempos", "tracks"), [(0, 1), (1, 3), (2000, 64), (2001, 65), (49_999, 500)])
def test_metadata_of_any_piece_fit_and_come_back(tempos: int, tracks: int) -> None:
    piece = piece_of(tempos, tracks)
    text = json.dumps(metadata_of(piece))
    assert len(text) < MAX_BYTES
    bare = replace(
        piece, key=None, tempos=piece.tempos[:0], tracks=tuple(replace(one, name="") for one in piece.tracks)
    )
    again = with_metadata(bare, json.loads(text))
    assert again.key == piece.key
    if tempos <= 2000:
        assert np.array_equal(again.tempos, piece.tempos)
    assert {tuple(row) for row in again.tempos.tolist()} <= {tuple(row) for row in piece.tempos.tolist()}
    assert again.tempos[:1].tolist() == piece.tempos[:1].tolist()
    assert [one.name for one in again.tracks[:64]] == [one.name[:40] for one in piece.tracks[:64]]
    assert [replace(one, name="") for one in again.tracks] == list(bare.tracks)


def test_a_piece_without_a_key_has_none_again() -> None:
    piece = replace(piece_of(1, 1), key=None)
    assert with_metadata(piece, metadata_of(piece)).key is None

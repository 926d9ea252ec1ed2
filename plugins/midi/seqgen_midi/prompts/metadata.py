"""What a prompt's file says and its tokens do not: the key, the exact tempos, the names of the tracks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from seqgen_midi.music.keys import parse_key
from seqgen_midi.music.piece import Piece

MAX_TEMPOS, MAX_NAMES, MAX_NAME_LENGTH = 2000, 64, 40
"""Together they stay below the size that metadata of a record can have. Of more tempos, every n-th is kept."""


def metadata_of(piece: Piece) -> dict[str, Any]:
    """Returns what the tokens of a quantised prompt do not say, as JSON values by name."""
    step = -(-len(piece.tempos) // MAX_TEMPOS) or 1
    return {
        "key": None if piece.key is None else piece.key.name,
        "tempos": piece.tempos[::step].tolist(),
        "names": [track.name[:MAX_NAME_LENGTH] for track in piece.tracks[:MAX_NAMES]],
    }


def with_metadata(piece: Piece, metadata: Mapping[str, Any]) -> Piece:
    """Returns the piece that was decoded from the tokens of a prompt, with what `metadata_of` said of it."""
    names = [*metadata["names"], *(track.name for track in piece.tracks[MAX_NAMES:])]
    return replace(
        piece,
        key=None if metadata["key"] is None else parse_key(metadata["key"]),
        tempos=np.array(metadata["tempos"], np.int32).reshape(-1, 2),
        tracks=tuple(replace(track, name=name) for track, name in zip(piece.tracks, names, strict=True)),
    )

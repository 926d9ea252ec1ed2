"""Which encoding fits a corpus, guessed from some of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import UnusableFile
from seqgen_midi.encodings.chorale import ChoraleEncoding
from seqgen_midi.music.chorale import Chorale
from seqgen_midi.music.piece import Piece

TUNES = 4
"""So many tunes of a book are looked at."""
GRID = 24
"""Steps a quarter that written music keeps to: 32nds, and triplets of 16ths."""
NEAR = 0.1
"""Of a step, how far off a note may begin: whoever plays freely comes as near with one in five."""
WRITTEN = 0.6
"""So many of the notes must begin on the grid; else it was played."""
LEGATO = 8
"""A note may last into the next one for 1 / LEGATO of a quarter."""
MOST = 3 / 4
"""An encoding that leaves things out must fit so many of the files."""


def kind_of_midi(path: Path) -> str:
    """The encoding that fits a MIDI file; raises UnusableFile. symusic's own errors pass through."""
    from seqgen_midi.io.midi_reading import read_midi, read_piece

    try:
        if is_chorale(read_midi(path)):
            return "chorale"
    except UnusableFile:
        pass
    return kind_of_piece(read_piece(path))


def kind_of_score(path: Path) -> str:
    """The encoding that fits a score, or most of the first tunes in a book; raises UnusableFile."""
    from seqgen_midi.io.piece_scores import piece_of
    from seqgen_midi.io.score_reading import chorale_of, scores_in

    def kind(parse: Callable[[], Any]) -> str:
        score = parse()
        try:
            if is_chorale(chorale_of(score)):
                return "chorale"
        except UnusableFile:
            pass
        return kind_of_piece(piece_of(score))

    kinds, last = Counter[str](), UnusableFile("empty")
    for parse in islice(scores_in(path), TUNES):
        try:
            kinds[kind(parse)] += 1
        except UnusableFile as error:
            last = error
    if not kinds:
        raise last
    return kinds.most_common(1)[0][0]


def is_chorale(item: Chorale) -> bool:
    """Whether the encoding of chorales can hold a piece in four voices; raises UnusableFile."""
    ChoraleEncoding(None).encode(item)
    return True


def kind_of_piece(piece: Piece) -> str:
    """drums, melody, score, or performance for music that keeps to no grid."""
    sung = ~piece.drums
    if not sung.any():
        return "drums"
    if not on_grid(piece):
        return "performance"
    return "melody" if sung.all() and one_voice(piece) else "score"


def on_grid(piece: Piece) -> bool:
    """Whether the notes begin where written music has them begin."""
    steps = piece.start.astype(np.int64) * GRID / piece.resolution
    return float((np.abs(steps - np.rint(steps)) <= NEAR).mean()) >= WRITTEN


def one_voice(piece: Piece) -> bool:
    """Whether one track plays, one note at a time."""
    one_track = (piece.track == piece.track[0]).all()
    over = (piece.start + piece.duration)[:-1] - piece.start[1:]
    return bool(one_track and (np.diff(piece.start) > 0).all() and (over * LEGATO <= piece.resolution).all())


def encoding_of(kinds: Sequence[str]) -> str:
    """The encoding for a corpus in which files of these kinds are; `score` takes them all."""
    counts = Counter(kinds)
    for kind in ("drums", "chorale", "melody"):
        if counts[kind] and counts[kind] >= MOST * len(kinds):
            return kind
    return "performance" if counts["performance"] > len(kinds) / 2 else "score"

"""Infers the encoding that fits a corpus from some of its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import Inference, UnusableFile
from seqgen_midi.encodings.chorale import Chorale
from seqgen_midi.encodings.reading import library_errors_as_unusable
from seqgen_midi.io.midi_reader import is_midi, read_midi
from seqgen_midi.io.score_reader import parsers, piece_of
from seqgen_midi.music.piece import Piece
from seqgen_midi.settings import MidiSettings

MAX_TUNES = 4
"""How many tunes of a book are looked at."""
GRID_STEPS_PER_QUARTER = 24
"""The grid of written music: 32nds, and triplets of 16ths."""
MAX_GRID_OFFSET = 0.1
"""How far from the grid a note may begin, in steps. One in five notes that are played freely comes as near."""
MIN_SHARE_ON_GRID = 0.6
"""The share of notes on the grid below which a piece counts as played."""
MAX_LEGATO = 1 / 8
"""How far a note of a melody may last into the next one, in quarters."""
MIN_SHARE_OF_FILES = 3 / 4
"""The share of files that must fit an encoding that leaves things out."""


class MidiInference(Inference[Piece]):
    """Infers the encoding where none is set."""

    def __init__(self, settings: MidiSettings) -> None:
        self._settings = settings

    def is_needed(self) -> bool:
        return self._settings.encoding is None

    def inspect(self, path: Path) -> str:
        """The name of the encoding that fits a file; raises UnusableFile."""
        with library_errors_as_unusable(path):
            return infer_file(path)

    def infer(self, findings: Sequence[str]) -> MidiSettings:
        """The settings with the encoding that fits most files; raises InvalidValue where others rule it out."""
        values = {**self._settings.model_dump(), "encoding": infer_corpus(findings)}
        return type(self._settings).from_mapping(values)


def infer_file(path: Path) -> str:
    """The name of the encoding that fits a file, or most of the first tunes in a book.

    Raises UnusableFile; the errors of libraries pass through.
    """
    if is_midi(path):
        piece = next(result for result in read_midi(path) if isinstance(result, Piece))
        return "chorale" if is_chorale(piece) else infer_piece(piece)
    names, reason = Counter[str](), UnusableFile("empty")
    for parse in islice(parsers(path), MAX_TUNES):
        try:
            names[_infer_score(parse)] += 1
        except UnusableFile as error:
            reason = error
    if not names:
        raise reason
    return names.most_common(1)[0][0]


def _infer_score(parse: Callable[[], Any]) -> str:
    score = parse()
    return "chorale" if is_chorale(piece_of(score, split_voices=True)) else infer_piece(piece_of(score))


def is_chorale(piece: Piece) -> bool:
    """Whether the encoding `chorale` can hold a piece."""
    chorale = Chorale()
    try:
        chorale.encode(chorale.quantise(piece))
    except UnusableFile:
        return False
    return True


def infer_piece(piece: Piece) -> str:
    """The name of the encoding that fits a piece that is no chorale; `performance` for music that keeps to no grid."""
    is_drum = piece.is_drum
    if is_drum.all():
        return "drums"
    if not is_on_grid(piece):
        return "performance"
    return "melody" if not is_drum.any() and is_one_voice(piece) else "score"


def is_on_grid(piece: Piece) -> bool:
    """Whether the notes begin where notes of written music begin."""
    steps = piece.start.astype(np.int64) * GRID_STEPS_PER_QUARTER / piece.resolution
    return float((np.abs(steps - np.rint(steps)) <= MAX_GRID_OFFSET).mean()) >= MIN_SHARE_ON_GRID


def is_one_voice(piece: Piece) -> bool:
    """Whether one track plays, one note at a time."""
    overlap = (piece.start + piece.duration)[:-1] - piece.start[1:]
    return bool(
        (piece.track == piece.track[0]).all()
        and (np.diff(piece.start) > 0).all()
        and (overlap <= MAX_LEGATO * piece.resolution).all()
    )


def infer_corpus(names: Sequence[str]) -> str:
    """The name of the encoding for a corpus whose files fit the encodings `names`; `score` can hold them all."""
    counts = Counter(names)
    for name in ("drums", "chorale", "melody"):
        if counts[name] and counts[name] >= MIN_SHARE_OF_FILES * len(names):
            return name
    return "performance" if counts["performance"] > len(names) / 2 else "score"

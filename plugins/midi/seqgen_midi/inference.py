"""Infers the encoding that fits a corpus, and the grid that its rhythms need, from some of its files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqgen import SettingsInference, UnusableFile
from seqgen_midi.encodings import find_encoding
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.chorale import Chorale
from seqgen_midi.encodings.reading import library_errors_as_unusable
from seqgen_midi.io.midi_reader import is_midi, read_midi
from seqgen_midi.io.score_reader import parsers, piece_of, read_scores
from seqgen_midi.music.grids import MAX_OFFSET, aligned, is_on_grid, offsets
from seqgen_midi.music.piece import Piece
from seqgen_midi.settings import MidiSettings

MAX_TUNES = 4
"""How many tunes of a book are looked at."""
MAX_LEGATO = 1 / 8
"""How far a note of a melody may last into the next one, in quarters."""
MIN_SHARE_OF_FILES = 3 / 4
"""The share of files that must fit an encoding that leaves things out, or a resolution."""
GRIDS = (4, 12, 24)
"""Steps in a quarter: 16ths; triplets too; 32nds and sextuplets too."""
MAX_MOVED_SHARE = 0.05
"""The share of notes that a grid may move."""


class MidiInference(SettingsInference[Piece]):
    """Infers the encoding where none is set, and the resolution that the rhythms need."""

    def __init__(self, settings: MidiSettings) -> None:
        self._settings = settings

    def is_needed(self) -> bool:
        return self._settings.encoding is None or self._has_open_resolution(self._settings.encoding)

    def _has_open_resolution(self, name: str) -> bool:
        return self._settings.resolution is None and "resolution" in find_encoding(name).default_options

    def inspect(self, path: Path) -> dict[str, Any]:
        """Returns the name of the encoding that fits a file, and the resolution that its rhythms need.

        Raises UnusableFile.
        """
        with library_errors_as_unusable(path):
            name = self._settings.encoding or infer_file(path)
            encoding = find_encoding(name)()
            pieces = first_pieces(path, split_voices=bool(encoding.voices))
            return {"encoding": name, "resolution": needed_resolution(encoding, pieces)}

    def infer(self, findings: Sequence[Mapping[str, Any]]) -> MidiSettings:
        """Returns the settings with the encoding that fits most files.

        The grid is finer than the encoding's own if most files need that.

        Raises InvalidValue where other settings rule the encoding out.
        """
        name = self._settings.encoding or infer_corpus([found["encoding"] for found in findings])
        values = {**self._settings.model_dump(), "encoding": name}
        if self._has_open_resolution(name):
            needed = sorted(found["resolution"] for found in findings)
            of_most = needed[math.ceil(MIN_SHARE_OF_FILES * len(needed)) - 1] if needed else 0
            values["resolution"] = max(of_most, find_encoding(name).default_options["resolution"])
        return type(self._settings).from_mapping(values)


def first_pieces(path: Path, split_voices: bool) -> list[Piece]:
    """Returns the piece of a MIDI file, or the pieces of the first tunes of a score file. Raises UnusableFile."""
    if is_midi(path):
        return [next(result for result in read_midi(path) if isinstance(result, Piece))]
    results = list(islice(read_scores(path, split_voices=split_voices), MAX_TUNES))
    pieces = [result for result in results if isinstance(result, Piece)]
    if not pieces:
        raise next((result for result in results if isinstance(result, UnusableFile)), UnusableFile("empty"))
    return pieces


def needed_resolution(encoding: Encoding, pieces: Sequence[Piece]) -> int:
    """Returns the coarsest of GRIDS that moves few of the notes that an encoding plays.

    For free playing it is the finest, unless each step of it would be a token.
    """
    played = [piece.select(encoding.plays(piece)) for piece in pieces if is_on_grid(piece)]
    quarters = [piece.start / piece.resolution for piece in played if len(piece)]
    if not quarters:
        return GRIDS[0] if encoding.is_grid else GRIDS[-1]
    moved = [
        float((np.concatenate([offsets(aligned(times, grid), grid) for times in quarters]) > MAX_OFFSET).mean())
        for grid in GRIDS
    ]
    return next((grid for grid, share in zip(GRIDS, moved, strict=True) if share <= MAX_MOVED_SHARE), GRIDS[0])


def infer_file(path: Path) -> str:
    """Returns the name of the encoding that fits a file, or most of the first tunes in a book.

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
    """Returns the name of the encoding that fits a piece that is no chorale.

    That is `performance` for an instrument that keeps to no grid. Of a band that plays so, it would lose who plays.
    """
    is_drum = piece.is_drum
    if is_drum.all():
        return "drums"
    if not is_on_grid(piece):
        players = {(track.program, track.is_drums) for track in piece.tracks}
        return "performance" if len(players) == 1 else "score"
    return "melody" if not is_drum.any() and is_one_voice(piece) else "score"


def is_one_voice(piece: Piece) -> bool:
    """Whether one track plays, one note at a time."""
    overlap = (piece.start + piece.duration)[:-1] - piece.start[1:]
    return bool(
        (piece.track == piece.track[0]).all()
        and (np.diff(piece.start) > 0).all()
        and (overlap <= MAX_LEGATO * piece.resolution).all()
    )


def infer_corpus(names: Sequence[str]) -> str:
    """Returns the name of the encoding for a corpus whose files fit the encodings `names`.

    `score` can hold them all.
    """
    counts = Counter(names)
    for name in ("drums", "chorale", "melody"):
        if counts[name] and counts[name] >= MIN_SHARE_OF_FILES * len(names):
            return name
    return "performance" if counts["performance"] > len(names) / 2 else "score"

"""Reads a file as pieces that an encoding can hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from seqgen import Remark, UnusableFile
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.encodings.losses import losses
from seqgen_midi.io.lead_sheet import is_lead_sheet, read_lead_sheet
from seqgen_midi.io.midi_reader import is_midi, read_midi
from seqgen_midi.io.score_reader import UNREADABLE, read_scores
from seqgen_midi.music.meters import counts_beats, in_meter
from seqgen_midi.music.piece import Piece, is_new, round_half_up

MIDI_TEMPO = np.array([[0, 500_000]], np.int32)
"""The tempo of a MIDI file that says none."""


def read_pieces(
    path: Path,
    encoding: Encoding,
    *,
    is_prompt: bool = False,
    one_beat_meter: str | None = None,
    expand_repeats: bool = False,
) -> Iterator[Piece | Remark]:
    """Yields the quantised pieces of a file, with remarks on what was left out.

    A piece that cannot be read or quantised gives a remark. Raises UnusableFile where no piece is left. A prompt may
    lack some of the encoding's voices. MIDI files that count beats alone are read in `one_beat_meter`. Repeats of
    scores are played out if `expand_repeats` says so.
    """
    first_error: UnusableFile | None = None
    found = False
    from_midi = is_midi(path)
    with library_errors_as_unusable(path):
        if is_prompt and is_lead_sheet(path):
            yield _quantised_lead_sheet(path, encoding)
            return
        results = (
            read_midi(path)
            if from_midi
            else read_scores(path, split_voices=bool(encoding.voices), expand_repeats=expand_repeats)
        )
        for result in results:
            if isinstance(result, Piece):
                if from_midi and not len(result.tempos):
                    result = replace(result, tempos=MIDI_TEMPO)
                if from_midi and one_beat_meter and counts_beats(result):
                    result = replace(result, meters=in_meter(result, one_beat_meter))
                    yield Remark(f"in 1/4, which counts beats and not bars: read in {one_beat_meter}")
                read, result = result, _quantised_or_error(result, encoding, is_prompt)
                if isinstance(result, Piece):
                    yield from losses(read, result, encoding)
            if isinstance(result, UnusableFile):
                first_error = first_error or result
                result = Remark(result.reason, dropped=True)
            found |= isinstance(result, Piece)
            yield result
    if not found:
        raise first_error or UnusableFile("empty")


def _quantised_lead_sheet(path: Path, encoding: Encoding) -> Piece:
    if "chord" not in encoding.table:
        raise UnusableFile(f"a lead sheet, which a model of the encoding {encoding.name} has no chord symbols for")
    return quantise_prompt(encoding, read_lead_sheet(path))


def _quantised_or_error(piece: Piece, encoding: Encoding, is_prompt: bool) -> Piece | UnusableFile:
    """Returns a piece as the encoding can hold it, or why it cannot.

    So one such piece does not cost the others of its file. Only a prompt may have chord symbols and no notes.
    """
    if not len(piece) and not (is_prompt and "chord" in encoding.table):
        return UnusableFile("empty")
    try:
        return quantise_prompt(encoding, piece) if is_prompt else encoding.quantise(piece)
    except UnusableFile as error:
        return error


def quantise_prompt(encoding: Encoding, piece: Piece) -> Piece:
    """Returns the quantised piece of a prompt, with the key and the exact tempos of its file, which may be no tokens.

    Raises UnusableFile.
    """
    quantised = replace(encoding.quantise(piece, is_prompt=True), key=piece.key)
    if not encoding.has_bars or not len(piece.tempos):
        return quantised
    ticks = round_half_up(piece.tempos[:, 0].astype(np.int64) * quantised.resolution, piece.resolution)
    is_last = is_new(ticks[::-1])[::-1]
    return replace(quantised, tempos=np.column_stack([ticks, piece.tempos[:, 1]])[is_last].astype(np.int32))


@contextmanager
def library_errors_as_unusable(path: Path) -> Iterator[None]:
    """Raises UnusableFile for whatever the libraries raise on a file."""
    try:
        yield
    except (UnusableFile, MemoryError):
        raise
    except Exception as error:
        raise UnusableFile("a damaged MIDI file" if is_midi(path) else UNREADABLE) from error

"""Reads a file as pieces that an encoding can hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from seqgen import Remark, UnusableFile
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.io.midi_reader import is_midi, read_midi
from seqgen_midi.io.score_reader import UNREADABLE, read_scores
from seqgen_midi.music.piece import Piece


def read_pieces(path: Path, encoding: Encoding, *, is_prompt: bool = False) -> Iterator[Piece | Remark]:
    """The quantised pieces of a file, with remarks on tunes that were dropped; raises UnusableFile.

    A prompt may lack some of the encoding's voices.
    """
    quantise = partial(encoding.quantise, is_prompt=is_prompt)
    with library_errors_as_unusable(path):
        if is_midi(path):
            yield quantise(read_midi(path))
        else:
            yield from read_scores(path, quantise, split_voices=bool(encoding.voices))


@contextmanager
def library_errors_as_unusable(path: Path) -> Iterator[None]:
    """Raises UnusableFile for whatever the libraries raise on a file."""
    try:
        yield
    except (UnusableFile, MemoryError):
        raise
    except Exception as error:
        raise UnusableFile("a damaged MIDI file" if is_midi(path) else UNREADABLE) from error

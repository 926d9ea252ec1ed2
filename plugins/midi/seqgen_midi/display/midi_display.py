"""The display of the domain: renderings of a piece, the page of samples, and drawings of surprise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from seqgen import Display, UnknownName, atomic_write
from seqgen.contract.piano_roll import PianoRoll
from seqgen_midi.display.notes_in_time import piano_roll
from seqgen_midi.display.piano_roll import draw_png
from seqgen_midi.display.sound import write_wav
from seqgen_midi.display.surprise import draw_surprise
from seqgen_midi.display.web_page import piano_roll_html, player_script
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.io.abc_writer import abc_text
from seqgen_midi.io.score_writer import write_score
from seqgen_midi.music.piece import Piece


class MidiDisplay(Display[Piece]):
    """Pieces as piano rolls, sound and scores. `default_tempo` is the tempo of pieces without tempos."""

    def __init__(self, encoding: Encoding, default_tempo: int) -> None:
        self._encoding = encoding
        self._default_tempo = default_tempo
        self._writers: Mapping[str, Callable[[Piece, Path, int], object]] = {
            "png": draw_png,
            "wav": lambda piece, path, _: write_wav(piece, default_tempo, path),
            "musicxml": lambda piece, path, _: write_score(piece, default_tempo, path),
            "abc": lambda piece, path, _: path.write_text(abc_text(piece, default_tempo), encoding="utf-8"),
        }
        self.renderings = encoding.renderings

    def render(self, item: Piece, rendering: str, path: Path, prompt_item: Piece | None = None) -> Path:
        """Writes `path` with the ending `rendering`; raises UnknownName and OutputError."""
        if rendering not in self.renderings:
            raise UnknownName("rendering of the domain 'midi'", rendering, self.renderings)
        target = path.with_name(f"{path.name}.{rendering}")
        with atomic_write(target) as temporary:
            self._writers[rendering](item.sustained(), temporary, prompt_item.end if prompt_item else 0)
        return target

    def html(self, item: Piece, prompt_item: Piece | None = None) -> str:
        """Returns a player and its piano roll, in which the prompt is shaded."""
        return piano_roll_html(item.sustained(), self._default_tempo, prompt_item.end if prompt_item else 0)

    def script(self) -> str:
        return player_script()

    def piano_roll(self, item: Piece, ids: np.ndarray) -> PianoRoll:
        return piano_roll(item.sustained(), self._encoding.note_numbers(ids), self._default_tempo)

    def draw_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Writes `path`.png: the piano roll of a document in the colours of surprise."""
        piece, notes = self._encoding.decode(ids).sustained(), self._encoding.note_numbers(ids)
        has_note = notes >= 0
        nats_of_notes = np.bincount(notes[has_note], nats[has_note], len(piece))[: len(piece)]
        target = path.with_name(f"{path.name}.png")
        with atomic_write(target) as temporary:
            draw_surprise(piece, nats_of_notes, temporary)
        return target

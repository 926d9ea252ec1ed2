"""The display of the domain: renderings of a piece, the page of samples, and drawings of surprise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from seqgen import Display, UnknownName, atomic_write
from seqgen_midi.encodings.base import Encoding
from seqgen_midi.music.piece import Piece


class MidiDisplay(Display[Piece]):
    """Pieces as piano rolls, sound and scores. `default_tempo` is the tempo of pieces without tempos."""

    def __init__(self, encoding: Encoding, default_tempo: int) -> None:
        self._encoding = encoding
        self._default_tempo = default_tempo
        self._writers: Mapping[str, Callable[[Piece, Path, int], None]] = {
            "png": self._write_png, "wav": self._write_wav, "musicxml": self._write_musicxml, "abc": self._write_abc
        }  # fmt: skip
        self.renderings = encoding.renderings

    def render(self, item: Piece, rendering: str, path: Path, given: Piece | None = None) -> Path:
        """Writes `path` with the ending `rendering`; raises UnknownName and OutputError."""
        if rendering not in self.renderings:
            raise UnknownName("rendering of the domain 'midi'", rendering, self.renderings)
        target = path.with_name(f"{path.name}.{rendering}")
        with atomic_write(target) as temporary:
            self._writers[rendering](item, temporary, given.end if given else 0)
        return target

    def html(self, item: Piece, given: Piece | None = None) -> str:
        """A player and its piano roll, in which the prompt `given` is shaded."""
        from seqgen_midi.display.web_page import piano_roll_html

        return piano_roll_html(item, self._default_tempo, given.end if given else 0)

    def script(self) -> str:
        from seqgen_midi.display.web_page import player_script

        return player_script()

    def draw_surprise(self, ids: np.ndarray, nats: np.ndarray, path: Path) -> Path:
        """Writes `path`.png: the piano roll of a document in the colours of surprise."""
        from seqgen_midi.display.surprise import draw_surprise

        piece, notes = self._encoding.decode(ids), self._encoding.note_numbers(ids)
        has_note = notes >= 0
        nats_of_notes = np.bincount(notes[has_note], nats[has_note], len(piece))[: len(piece)]
        target = path.with_name(f"{path.name}.png")
        with atomic_write(target) as temporary:
            draw_surprise(piece, nats_of_notes, temporary)
        return target

    def _write_png(self, piece: Piece, path: Path, prompt_end: int) -> None:
        from seqgen_midi.display.piano_roll import draw_png

        draw_png(piece, path, prompt_end)

    def _write_wav(self, piece: Piece, path: Path, prompt_end: int) -> None:
        from seqgen_midi.display.sound import write_wav

        write_wav(piece, self._default_tempo, path)

    def _write_musicxml(self, piece: Piece, path: Path, prompt_end: int) -> None:
        from seqgen_midi.io.score_writer import write_score

        write_score(piece, self._default_tempo, path)

    def _write_abc(self, piece: Piece, path: Path, prompt_end: int) -> None:
        from seqgen_midi.io.abc_writer import abc_text

        path.write_text(abc_text(piece, self._default_tempo), encoding="utf-8")

"""Four voices on a grid of 16ths, a token a voice and 16th: `meter:4/4 pickup:4 pitch:72 pitch:67 hold rest …`.

Its tables, codec, automaton and constraints stand in `voices`, `chorale`, `chorale_grammar`, `constraints`
and `chorale_prompts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from pathlib import Path
from typing import ClassVar

import numpy as np

from seqgen import EOS, Example, Grammar, Remark, UnusableFile
from seqgen_midi.encodings.base import TRANSPOSED_DOWN, TRANSPOSED_UP, Encoding, intervals
from seqgen_midi.encodings.chorale_grammar import domain_grammar
from seqgen_midi.music import chorale
from seqgen_midi.music.chorale import FIRST_PITCH, HEADER, HOLD_ID, VOCABULARY, Chorale
from seqgen_midi.music.piece import Piece, Track, in_order
from seqgen_midi.music.velocities import LOUDNESS
from seqgen_midi.music.voices import VOICES


class ChoraleEncoding(Encoding[Chorale]):
    """Pieces in four voices, each of them one note at a time."""

    vocabulary = VOCABULARY
    unit: ClassVar[str] = "note"
    period: ClassVar[int] = len(VOICES)
    renders: ClassVar[tuple[str, ...]] = ("png", "wav", "musicxml", "abc")
    fewest_voices = len(VOICES)
    """That a file may have; those that it has not are silent. A prompt may be one melody."""

    def read_midi(self, path: Path) -> Iterator[Chorale]:
        from seqgen_midi.io.midi_reading import read_midi

        yield read_midi(path, self.fewest_voices)

    def read_score(self, path: Path) -> Iterator[Chorale | Remark]:
        from seqgen_midi.io.score_reading import read_score

        yield from read_score(path, self.fewest_voices)

    def encode(self, item: Chorale) -> Example:
        example = Example.document(chorale.tokens(item))
        if len(item.grid) < item.pickup + item.bar:
            raise UnusableFile("shorter than a bar")
        if not domain_grammar().accepts(example.ids):
            raise UnusableFile("ends in silence, or holds a note that never began")
        return example

    def decode(self, ids: np.ndarray) -> Chorale:
        return chorale.decode(ids)

    @property
    def automaton(self) -> Grammar:
        return domain_grammar()

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        return without_prompt(ids, prompt)

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same piece in another key: −5 to +6 semitones, as far as every voice stays within its range."""
        return chorale.transpose(ids, rng, TRANSPOSED_DOWN, TRANSPOSED_UP)

    def passages(self, ids: np.ndarray) -> np.ndarray:
        return np.where(ids > EOS, intervals(ids, ids >= FIRST_PITCH, len(VOCABULARY)), -1)

    def notes_of(self, ids: np.ndarray) -> np.ndarray:
        heads, notes = ids >= FIRST_PITCH, np.full(len(ids), -1)
        number = np.where(heads, np.cumsum(heads) - 1, -1)
        for voice in range(len(VOICES)):
            line = slice(HEADER + voice, None, len(VOICES))
            sung = heads[line] | (ids[line] == HOLD_ID)
            notes[line] = np.where(sung, np.maximum.accumulate(number[line]), -1)
        return notes

    def piece(self, item: Chorale) -> Piece:
        """A tick is a 16th. A pickup has a time signature of its own length, followed by the real one.

        That is how notation programs write it, and how every program shows the right bars.
        """
        rows = [
            (note.start, note.end - note.start, note.pitch, LOUDNESS, voice)
            for voice in range(len(VOICES))
            for note in item.notes(voice)
        ]
        beats, unit = map(int, item.meter.split("/"))
        meters = [(item.pickup, beats, unit)]
        if item.pickup:
            divisor = gcd(item.pickup, 4)
            meters.insert(0, (0, item.pickup // divisor, 16 // divisor))
        notes = in_order(*np.array(rows, np.int64).reshape(-1, 5).T)
        return Piece.of(4, [Track(voice.program, name=voice.name) for voice in VOICES], notes, meters=meters)

    def write_musicxml(self, item: Chorale, path: Path) -> None:
        from seqgen_midi.io.score_reading import write_musicxml

        write_musicxml(item, path)


def without_prompt(ids: np.ndarray, prompt: int) -> np.ndarray:
    """The chorale after the first `prompt` ids: it begins where they end, with what sounds there begun anew."""
    columns = -(-max(prompt - HEADER, 0) // len(VOICES))
    begins = HEADER + columns * len(VOICES)
    piece, rest = chorale.decode(ids[:begins]), ids[begins:].copy()
    for voice in range(len(VOICES)):
        sounding = [note for note in piece.notes(voice) if note.end == columns]
        if sounding and len(rest) > voice and rest[voice] == HOLD_ID:
            rest[voice] = FIRST_PITCH + sounding[0].pitch - chorale.LOWEST
    pickup = chorale.FIRST_PICKUP + (piece.pickup - columns) % piece.bar
    return np.concatenate([ids[:2], [pickup], rest]).astype(np.int32)

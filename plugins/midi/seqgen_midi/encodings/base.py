"""What an encoding is: how one kind of music becomes token ids and back. Each file beside this one is one encoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from seqgen import BOS, EOS, Example, Grammar, Options, Prompt, Vocabulary
from seqgen_midi.piece import Piece
from seqgen_midi.piece_prompts import piece_prompt
from seqgen_midi.tokens import TokenTable
from seqgen_midi.wishes import narrowed

Item = TypeVar("Item")
TRANSPOSED_DOWN, TRANSPOSED_UP = 5, 6
"""Semitones: together all twelve keys."""


class Encoding(Generic[Item]):
    """One way to write music as tokens; `settings` are those of the domain.

    vocabulary:  its tokens.
    Constraints: what can be asked of a sample.
    unit:        what one token is called in reports.
    period:      how many tokens back the token stands that the bigram baseline looks at.
    """

    vocabulary: Vocabulary
    Constraints: ClassVar[type[Options]]
    unit: ClassVar[str] = "token"
    period: ClassVar[int] = 1

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def read_midi(self, path: Path) -> Iterator[Item]:
        """The items of a MIDI file, as this encoding can hold them; raises UnusableFile."""
        raise NotImplementedError

    def read_score(self, path: Path) -> Iterator[Item]:
        """The items of a score, as this encoding can hold them; raises UnusableFile."""
        raise NotImplementedError

    def encode(self, item: Item) -> Example:
        """An item's document; raises UnusableFile when it has none."""
        raise NotImplementedError

    def decode(self, ids: np.ndarray) -> Item:
        """The item of a document, whole or cut short anywhere."""
        raise NotImplementedError

    def grammar(self, constraints: Any = None) -> Grammar:
        """The automaton of the documents, narrowed by `constraints`; raises ImpossibleConstraints."""
        raise NotImplementedError

    def prompt(self, item: Item, constraints: Any = None) -> Prompt:
        """What sampling starts from where a piece is given; raises UsageError, ImpossibleConstraints."""
        raise NotImplementedError

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """A document of its own of what follows the first `prompt` ids."""
        raise NotImplementedError

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another document just as good; a pure function of `ids` and `rng`."""
        return ids

    def evaluate(self, real: Sequence[Item], made: Sequence[Item]) -> dict[str, float]:
        """Musical statistics of made items beside real ones, by name."""
        return {}

    def piece(self, item: Item) -> Piece:
        """An item as it is written, drawn and heard."""
        raise NotImplementedError

    def write_musicxml(self, item: Item, path: Path) -> None:
        """Writes an item as a score."""
        raise NotImplementedError


class PieceEncoding(Encoding[Piece]):
    """An encoding whose items are pieces: quantised when they are read, so that nothing is lost afterwards.

    table: its tokens by kind.
    """

    table: TokenTable

    @property
    def automaton(self) -> Grammar:
        """What may follow what, before anything is asked for."""
        raise NotImplementedError

    def quantise(self, piece: Piece) -> Piece:
        """The piece as this encoding can hold it, which it gives back unchanged; raises UnusableFile."""
        raise NotImplementedError

    def tokens(self, piece: Piece) -> np.ndarray:
        """The ids of a quantised piece, without BOS and EOS; vectorised."""
        raise NotImplementedError

    def grammar(self, constraints: Any = None) -> Grammar:
        return narrowed(self.automaton, self.table, constraints, self.settings.tempo)

    def prompt(self, item: Piece, constraints: Any = None) -> Prompt:
        return piece_prompt(self, item, constraints)

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """From the first bar line on; what else is drawn of a bar that the prompt began is left out."""
        lines = np.flatnonzero(self.table.among(ids[prompt:], "bar"))
        return np.concatenate([[BOS], ids[prompt:][lines[0] if lines.size else -1 :]]).astype(np.int32)

    def read_midi(self, path: Path) -> Iterator[Piece]:
        from seqgen_midi.reading import read_piece

        yield self.quantise(read_piece(path))

    def read_score(self, path: Path) -> Iterator[Piece]:
        from seqgen_midi.piece_scores import read_pieces

        yield from read_pieces(path, self.quantise)

    def encode(self, item: Piece) -> Example:
        ids = np.concatenate([[BOS], self.tokens(item), [EOS]]).astype(np.int32)
        return Example(ids, (ids != BOS).astype(np.float32))

    def piece(self, item: Piece) -> Piece:
        return item

    def write_musicxml(self, item: Piece, path: Path) -> None:
        from seqgen_midi.piece_scores import write_piece

        write_piece(item, path)


def transposed(ids: np.ndarray, table: TokenTable, rng: np.random.Generator) -> np.ndarray:
    """`ids` with all pitches moved by one random interval that leaves them among the pitches of the table.

    Uniform among −5 … +6 semitones as far as they fit; without any pitch nothing changes.
    """
    pitched, pitches = table.among(ids, "pitch"), table.ids("pitch")
    sung = ids[pitched]
    if not sung.size:
        return ids
    down = max(-TRANSPOSED_DOWN, int(pitches[0] - sung.min()))
    up = min(TRANSPOSED_UP, int(pitches[-1] - sung.max()))
    return (ids + pitched * int(rng.integers(down, up + 1))).astype(ids.dtype)

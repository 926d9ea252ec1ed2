"""What an encoding is: how one kind of music becomes token ids and back. Each file beside this one is one encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from seqgen import BOS, EOS, Example, Grammar, Remark, Vocabulary
from seqgen_midi.encodings.tokens import TokenTable
from seqgen_midi.music.piece import Piece

Item = TypeVar("Item")
TRANSPOSED_DOWN, TRANSPOSED_UP = 5, 6
"""Semitones: together all twelve keys."""
HEADS, FOLLOWS = ("pitch", "drum", "hit"), ("velocity", "duration", "hold")
"""Kinds of tokens: each of the first is a note, and the second say more of the note before them."""
OF_NO_NOTE = ("bar", "tempo", "chord", "rest")
NO_PART_OF_A_TUNE = ("velocity", "tempo", "chord")
"""Kinds of tokens that may differ between a tune and its copy. (A chord symbol would move with the key.)"""


class Encoding(Generic[Item]):
    """One way to write music as tokens; `settings` are those of the domain.

    vocabulary: its tokens.
    unit:       what one token is called in reports.
    period:     how many tokens back the token stands that the bigram baseline looks at.
    renders:    the kinds of files that are written beside the MIDI file.
    """

    vocabulary: Vocabulary
    unit: ClassVar[str] = "token"
    period: ClassVar[int] = 1
    renders: ClassVar[tuple[str, ...]] = ("png", "wav", "musicxml")

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def read_midi(self, path: Path) -> Iterator[Item]:
        """The items of a MIDI file, as this encoding can hold them; raises UnusableFile."""
        raise NotImplementedError

    def read_score(self, path: Path) -> Iterator[Item | Remark]:
        """The items of a score, as this encoding can hold them, with remarks; raises UnusableFile."""
        raise NotImplementedError

    def encode(self, item: Item) -> Example:
        """An item's document; raises UnusableFile when it has none."""
        raise NotImplementedError

    def decode(self, ids: np.ndarray) -> Item:
        """The item of a document, whole or cut short anywhere."""
        raise NotImplementedError

    @property
    def automaton(self) -> Grammar:
        """Which token may follow which."""
        raise NotImplementedError

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """A document of its own of what follows the first `prompt` ids."""
        raise NotImplementedError

    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another document just as good; a pure function of `ids` and `rng`."""
        return ids

    def passages(self, ids: np.ndarray) -> np.ndarray:
        """What tells a copied passage, whatever its key: a symbol for each id, int[n]; negative: it counts not."""
        raise NotImplementedError

    def notes_of(self, ids: np.ndarray) -> np.ndarray:
        """Which note of its piece each id of a document helps to say, int[n], in the piece's order; −1: none."""
        raise NotImplementedError

    def piece(self, item: Item) -> Piece:
        """An item as it is written, drawn and heard."""
        raise NotImplementedError

    def write_musicxml(self, item: Item, path: Path) -> None:
        """Writes an item as a score."""
        raise NotImplementedError


def after(ids: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """A document of ids int32[n] from the first one on that `begins` bool[n] or is the end; without any, of nothing."""
    first = np.append(np.flatnonzero(begins | (ids == EOS)), len(ids))[0]
    return np.concatenate([[BOS], ids[first:]]).astype(np.int32)


class PieceEncoding(Encoding[Piece]):
    """An encoding whose items are pieces: quantised when they are read, so that nothing is lost afterwards.

    table: its tokens by kind.
    """

    table: TokenTable

    def quantise(self, piece: Piece) -> Piece:
        """The piece as this encoding can hold it, which it gives back unchanged; raises UnusableFile."""
        raise NotImplementedError

    def tokens(self, piece: Piece) -> np.ndarray:
        """The ids of a quantised piece, without BOS and EOS; vectorised."""
        raise NotImplementedError

    def without_prompt(self, ids: np.ndarray, prompt: int) -> np.ndarray:
        """From the first bar line on; what else is drawn of a bar that the prompt began is left out."""
        return after(ids[prompt:], self.table.among(ids[prompt:], "bar"))

    def read_midi(self, path: Path) -> Iterator[Piece]:
        from seqgen_midi.io.midi_reading import read_piece

        yield self.quantise(read_piece(path))

    def read_score(self, path: Path) -> Iterator[Piece | Remark]:
        from seqgen_midi.io.piece_scores import read_pieces

        yield from read_pieces(path, self.quantise)

    def encode(self, item: Piece) -> Example:
        return Example.document(self.tokens(item))

    def passages(self, ids: np.ndarray) -> np.ndarray:
        counted = (ids > EOS) & ~self._among(ids, NO_PART_OF_A_TUNE)
        return np.where(counted, intervals(ids, self._among(ids, ["pitch"]), len(self.vocabulary)), -1)

    def notes_of(self, ids: np.ndarray) -> np.ndarray:
        """What stands before a note's pitch says when it comes and who plays it; what follows, how it sounds."""
        heads, follows, apart = (self._among(ids, kinds) for kinds in (HEADS, FOLLOWS, OF_NO_NOTE))
        note = np.cumsum(heads) - (heads | follows)
        return np.where(apart | (note >= heads.sum()), -1, note)

    def _among(self, ids: np.ndarray, kinds: Iterable[str]) -> np.ndarray:
        """bool[n]: which of `ids` are of one of `kinds`; some of these the encoding may not have."""
        return np.isin(self.table.kind[ids], [self.table.kinds[kind] for kind in kinds if kind in self.table.kinds])

    def piece(self, item: Piece) -> Piece:
        return item

    def write_musicxml(self, item: Piece, path: Path) -> None:
        from seqgen_midi.io.piece_scores import write_piece

        write_piece(item, self.settings.tempo, path)


def intervals(ids: np.ndarray, pitched: np.ndarray, vocabulary_size: int) -> np.ndarray:
    """`ids`, but pitches, where `pitched` says so, as intervals from the pitch before: what no transposition changes.

    The numbers of intervals lie above all ids. The first pitch of a document has no interval and a number of its own,
    so that whole documents are the same in any key; a passage from the middle lacks the note that its first interval
    starts from.
    """
    symbols = ids.astype(np.int64)
    pitches = symbols[pitched]
    steps = 128 + np.diff(pitches, prepend=pitches[:1])
    steps[:1] = 0
    symbols[pitched] = vocabulary_size + steps
    return symbols


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

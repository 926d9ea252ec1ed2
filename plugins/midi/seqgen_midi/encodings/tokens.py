"""The tokens of an encoding: kinds of tokens, and the role that each kind has in a document.

Whatever has to be known of a document in any encoding follows from this table: the note that a token belongs to, the
tokens that a copy of a tune shares with it, where bars begin, what a constraint forbids.

Some kinds mean the same wherever they occur, and are known by name: `pitch` (values are MIDI pitches), `hold` (a step
more of a note on a grid), `chord` (chord symbols), `tempo` (quarters a minute), `velocity` (MIDI velocities), `program`
and `drum` (General MIDI), `hit` (names of drums), `position` (steps from the beginning of the bar).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from seqgen import Vocabulary


class Role(Enum):
    """What the tokens of a kind say."""

    METER = "the time signature of the whole document"
    DOCUMENT = "something else of the whole document"
    BAR = "a bar begins, and has the token's value as its time signature"
    TEMPO = "the tempo of the bar"
    CHORD = "the chord symbol from the next step on"
    TIME = "when the next note begins"
    PLAYER = "who plays the next note"
    NOTE = "a note begins; every note has one such token"
    MODIFIER = "more of the note before: how loud it is, how long it lasts"
    REST = "silence"
    PEDAL = "the sustain pedal goes down or comes up"


@dataclass(frozen=True)
class Kind:
    """A kind of tokens. A kind with the one value "" is a single token.

    varies: whether a copy of a tune may have other tokens of this kind and still be a copy
    """

    role: Role
    values: Iterable[object] = ("",)
    varies: bool = False


class TokenTable:
    """The vocabulary of an encoding. A token is named `kind:value`; the ids of a kind are contiguous.

    kinds:  the kinds by name, in the order of their ids
    values: the values of each kind, as text
    kind:   int16[V]; the number of each token's kind; −1 for BOS and EOS
    value:  int32[V]; the index of each token's value among the values of its kind
    """

    def __init__(self, **kinds: Kind) -> None:
        self.kinds = kinds
        self.values = {name: tuple(str(value) for value in kind.values) for name, kind in kinds.items()}
        self.vocabulary = Vocabulary(
            f"{name}:{value}" if value else name for name, values in self.values.items() for value in values
        )
        self.kind = np.full(len(self.vocabulary), -1, np.int16)
        self.value = np.zeros(len(self.vocabulary), np.int32)
        self._ids: dict[str, np.ndarray] = {}
        first = 2
        for number, (name, values) in enumerate(self.values.items()):
            ids = np.arange(first, first + len(values))
            self.kind[ids], self.value[ids], self._ids[name] = number, ids - first, ids
            first += len(values)

    def __contains__(self, kind: str) -> bool:
        return kind in self.kinds

    def ids(self, kind: str) -> np.ndarray:
        """Returns the ids of a kind, in the order of its values."""
        return self._ids[kind]

    def first(self, kind: str) -> int:
        """Returns the id of the first value of a kind."""
        return int(self._ids[kind][0])

    def numbers(self, kind: str) -> np.ndarray:
        """Returns the values of a kind whose values are numbers: int[values]."""
        return np.array(self.values[kind], dtype=int)

    def of_kind(self, *kinds: str) -> np.ndarray:
        """Whether each token is of one of `kinds`: bool[V]. Kinds that the encoding does not have are passed over."""
        mask = np.zeros(len(self.vocabulary), bool)
        for kind in kinds:
            mask[self._ids.get(kind, [])] = True
        return mask

    def of_role(self, *roles: Role) -> np.ndarray:
        """Whether each token has one of `roles`: bool[V]."""
        return self.of_kind(*(name for name, kind in self.kinds.items() if kind.role in roles))

    def last_position(self, ids: np.ndarray, kind: str) -> np.ndarray:
        """Returns the last position, at or before each of int[n] ids, of a token of the kind: int[n].

        −1 stands for none.
        """
        return np.maximum.accumulate(np.where(self.of_kind(kind)[ids], np.arange(len(ids)), -1))

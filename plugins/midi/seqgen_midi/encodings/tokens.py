"""A table of token kinds: every encoding names its tokens `kind:value`, one contiguous run of ids a kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from seqgen import Vocabulary


class TokenTable:
    """The vocabulary of an encoding, and what each id is.

    kind:  int16[vocabulary]; the number of the kind in the order of the table, −1 for BOS and EOS.
    value: int32[vocabulary]; the place among the tokens of its kind, from 0.
    """

    def __init__(self, kinds: Mapping[str, Iterable[object]]) -> None:
        """`kinds` gives the values of each kind; a kind whose one value is "" is a single token, named by its kind."""
        names = {
            kind: [f"{kind}:{value}" if value != "" else kind for value in values] for kind, values in kinds.items()
        }
        self.vocabulary = Vocabulary(name for group in names.values() for name in group)
        self.kinds = {kind: number for number, kind in enumerate(kinds)}
        self.kind = np.full(len(self.vocabulary), -1, np.int16)
        self.value = np.zeros(len(self.vocabulary), np.int32)
        self._ids: dict[str, np.ndarray] = {}
        first = 2
        for number, (kind, group) in enumerate(names.items()):
            ids = np.arange(first, first + len(group))
            self.kind[ids], self.value[ids], self._ids[kind] = number, ids - first, ids
            first += len(group)

    def ids(self, kind: str) -> np.ndarray:
        """The ids of a kind, in the order of its values."""
        return self._ids[kind]

    def first(self, kind: str) -> int:
        """The id of the first value of a kind; the others follow it."""
        return int(self._ids[kind][0])

    def among(self, ids: np.ndarray, kind: str) -> np.ndarray:
        """bool[n]: which of `ids` are of a kind."""
        return self.kind[ids] == self.kinds[kind]

    def places(self, ids: np.ndarray, kind: str) -> np.ndarray:
        """int[n]: for each position the last one at or before it that holds a token of the kind; −1 where none does."""
        return np.maximum.accumulate(np.where(self.among(ids, kind), np.arange(len(ids)), -1))

"""What `Domain.learn` returns: the names of all tokens, and other state that was learned from the training data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Vocabulary(Sequence[str]):
    """The names of all tokens in the order of their ids: `pitch:60`, `hold`. Ids 0 and 1 are always BOS and EOS."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are the domain's own tokens, without BOS and EOS. Raises ValueError for a repeated name."""
        self.names: tuple[str, ...] = ("<bos>", "<eos>", *names)
        self.ids: dict[str, int] = {name: number for number, name in enumerate(self.names)}
        if len(self.ids) != len(self.names):
            repeated = next(name for number, name in enumerate(self.names) if self.ids[name] != number)
            raise ValueError(f"the vocabulary has the token {repeated!r} twice")

    def __getitem__(self, index: Any) -> Any:
        return self.names[index]

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)


@dataclass(frozen=True)
class Learned:
    """Everything that a domain learns from its training data.

    vocabulary: the tokens
    state:      whatever else encoding and decoding need, as JSON values: BPE merges, the scale of a series
    """

    vocabulary: Vocabulary
    state: Mapping[str, Any] = field(default_factory=dict)

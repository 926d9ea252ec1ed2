"""Says which documents are cut inside, because they are too large for one split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cutting:
    """Which documents are cut inside.

    keys:   the fingerprints of their deduplication keys
    shares: about how much of each document goes to each part, in order
    """

    keys: frozenset[bytes] = frozenset()
    shares: Sequence[float] = ()

    def to_json(self) -> dict[str, Any]:
        """Returns this as JSON values."""
        return {"keys": sorted(key.hex() for key in self.keys), "shares": list(self.shares)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Cutting:
        """Returns what `to_json` was called on."""
        return cls(frozenset(map(bytes.fromhex, values["keys"])), tuple(values["shares"]))


NOTHING_IS_CUT = Cutting()

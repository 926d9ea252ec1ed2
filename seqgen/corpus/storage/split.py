"""Divides documents into training, validation and test data.

The split of a document follows from a hash of its content. So duplicates are in one split, and a document stays in its
split when other files come or go, except for the few that are moved to fill a split that chance left empty. Documents
of files that the user named for a split are in that split, and the others are divided among the splits that are left.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqgen.corpus.storage.store import SPLITS
from seqgen.errors import CorpusError

MIN_DOCUMENTS = 2


class SplitFractions(BaseModel):
    """The share of each split. They add up to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: float = Field(default=0.9, gt=0)
    valid: float = Field(default=0.05, gt=0)
    test: float = Field(default=0.05, ge=0)

    @model_validator(mode="after")
    def _add_up_to_one(self) -> SplitFractions:
        if abs(self.train + self.valid + self.test - 1) > 1e-6:
            raise ValueError("train, valid and test must add up to 1")
        return self


@dataclass(frozen=True)
class Splitter:
    """Decides the split of documents. Each document has a position in [0, 1), and each split an interval of it.

    fractions: the length of each interval, in the order of SPLITS
    named:     the splits that only get the files that the user named for them
    """

    fractions: SplitFractions = field(default_factory=SplitFractions)
    named: frozenset[str] = frozenset()

    def position(self, fingerprint: bytes, split: str | None = None) -> float:
        """Returns the position of a document: within the interval of `split`, or else within those that are not named.

        It follows from the first 53 bits of the fingerprint.
        """
        shares = self.fractions.model_dump()
        parts = [name for name in SPLITS if (name == split if split else name not in self.named)]
        rest = (int.from_bytes(fingerprint[:8], "big") >> 11) / 2**53 * sum(shares[name] for name in parts)
        for part in parts[:-1]:
            if rest < shares[part]:
                break
            rest -= shares[part]
        else:
            part = parts[-1]
        return float(sum(shares[name] for name in SPLITS[: SPLITS.index(part)]) + rest)

    def splits_at(self, positions: np.ndarray) -> np.ndarray:
        """Returns the split uint8[n] of documents at positions float64[n]."""
        edges = [self.fractions.train, self.fractions.train + self.fractions.valid]
        return np.searchsorted(edges, positions, side="right").astype(np.uint8)

    def assign(self, positions: np.ndarray) -> np.ndarray:
        """Returns the split uint8[n] of all documents of a corpus, at positions float64[n].

        If chance leaves a split empty, the nearest document moves there: first to `train`, then to `valid`, then to
        `test`. None moves if files were named for a split. Raises CorpusError for fewer than two documents.
        """
        if len(positions) < MIN_DOCUMENTS:
            raise CorpusError(
                f"{len(positions)} usable document is too small to split into training and validation; add files."
            )
        # Documents of one group have one position, and move together.
        groups, group_of = np.unique(positions, return_inverse=True)
        return self._assign_groups(groups)[group_of]

    def _assign_groups(self, positions: np.ndarray) -> np.ndarray:
        splits = self.splits_at(positions)
        if self.named:
            return splits
        edges = np.cumsum([0, self.fractions.train, self.fractions.valid, self.fractions.test])
        for split, name in enumerate(SPLITS):
            counts = np.bincount(splits, minlength=len(SPLITS))
            if counts[split] or (name == "test" and self.fractions.test == 0):
                continue
            donors = np.flatnonzero((counts[splits] > 1) | (splits > split))
            if not len(donors):
                continue
            distance = np.maximum(edges[split] - positions[donors], positions[donors] - edges[split + 1])
            splits[donors[np.argmin(distance)]] = split
        return splits


def check_splits(splits: np.ndarray) -> None:
    """Raises CorpusError if the training split or the validation split is empty. `splits` is uint8[n]."""
    for name in ("train", "valid"):
        if not (splits == SPLITS.index(name)).any():
            raise CorpusError(f"No document is left for the split {name!r}; add files, or name some with --valid.")

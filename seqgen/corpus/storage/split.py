"""Divides documents into training, validation and test data.

The split of a document follows from a hash of its content. So duplicates are in one split, and a document stays in its
split when other files come or go. If there are only few documents, chance would leave splits empty or much too large;
then sizes count too. Documents of files that the user named for a split are in that split, and the others are divided
among the splits that are left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqgen.corpus.storage.store import SPLITS
from seqgen.errors import CorpusError

MIN_DOCUMENTS = 2
MIN_GROUPS = 100
"""From how many groups of one size on the split follows from the content alone."""


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

    def open_shares(self) -> dict[str, float]:
        """Returns the share of each split that gets documents of files without a named split. They add up to 1."""
        shares = self.fractions.model_dump()
        names = [name for name in SPLITS if name not in self.named and shares[name] > 0]
        total = sum(shares[name] for name in names)
        return {name: shares[name] / total for name in names}

    def splits_at(self, positions: np.ndarray) -> np.ndarray:
        """Returns the split uint8[n] of documents at positions float64[n]."""
        edges = [self.fractions.train, self.fractions.train + self.fractions.valid]
        return np.searchsorted(edges, positions, side="right").astype(np.uint8)

    def assign(self, positions: np.ndarray, sizes: np.ndarray, *, may_leave_empty: bool = False) -> np.ndarray:
        """Returns the split uint8[n] of all documents of a corpus, at positions float64[n].

        Many documents are in the split of their position. Few documents are divided so that the sizes of the splits
        come near their shares. No split is empty then, if there are enough documents.

        sizes:           [n], in any unit
        may_leave_empty: whether the splits have other documents already

        Raises CorpusError for fewer than two documents, unless `may_leave_empty`.
        """
        if len(positions) < MIN_DOCUMENTS and not may_leave_empty:
            raise CorpusError(
                f"{len(positions)} usable document is too small to split into training and validation; add files."
            )
        # Documents of one group have one position, and stay together.
        groups, group_of = np.unique(positions, return_inverse=True)
        splits = self.splits_at(groups)
        is_open = ~np.isin(splits, [SPLITS.index(name) for name in self.named])
        group_sizes = np.bincount(group_of, sizes, len(groups))
        if effective_number(group_sizes[is_open]) < MIN_GROUPS:
            splits[is_open] = self._balance(group_sizes[is_open], may_leave_empty)
        return splits[group_of]

    def _balance(self, sizes: np.ndarray, may_leave_empty: bool) -> np.ndarray:
        """Returns the splits uint8[n] of a few groups of sizes float64[n], in the order of their positions.

        The last positions go to the last split. A group that would make a split larger than twice what it lacks is
        passed over.
        """
        shares = self.open_shares()
        splits = np.full(len(sizes), SPLITS.index("train"), np.uint8)
        for name in reversed(list(shares)[1:]):
            missing = shares[name] * sizes.sum()
            for group in reversed(range(len(sizes))):
                if splits[group] == SPLITS.index("train") and sizes[group] <= 2 * missing:
                    splits[group] = SPLITS.index(name)
                    missing -= sizes[group]
        if not may_leave_empty:
            for name in shares:
                _fill_empty(splits, SPLITS.index(name), sizes)
        return splits


def named_splits(held_out: Collection[str]) -> frozenset[str]:
    """Returns the splits that only get the files that the user named for them, if the user named some for `held_out`.

    If there are validation files, no other document becomes a test document.
    """
    return frozenset({*held_out, *(("test",) if "valid" in held_out else ())})


def effective_number(sizes: np.ndarray) -> float:
    """Returns how many documents of one size vary as much as documents of these sizes (Kish 1965)."""
    return float(sizes.sum() ** 2 / (sizes.astype(float) ** 2).sum()) if len(sizes) else 0.0


def _fill_empty(splits: np.ndarray, split: int, sizes: np.ndarray) -> None:
    """Moves the smallest group into a split that is empty, out of one that has others or a lower priority."""
    counts = np.bincount(splits, minlength=len(SPLITS))
    donors = np.flatnonzero((counts[splits] > 1) | (splits > split))
    if not counts[split] and len(donors):
        smallest = donors[sizes[donors] == sizes[donors].min()]
        splits[smallest[-1]] = split


def check_splits(splits: np.ndarray) -> None:
    """Raises CorpusError if the training split or the validation split is empty. `splits` is uint8[n]."""
    for name in ("train", "valid"):
        if not (splits == SPLITS.index(name)).any():
            raise CorpusError(f"No document is left for the split {name!r}; add files, or name some with --valid.")

"""Which documents are trained on, which choose the best model, and which are kept for the last word.

A document's side follows from a hash of its content, so a copy never sits on both sides, and a document keeps its side
when other files come or go, but for the few that are moved to fill a split that chance left empty. The documents of
files that were named for a side stand there, and the rest is divided among the sides that are left.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqgen.corpus.storage.store import SPLITS
from seqgen.errors import CorpusError

LEAST_DOCUMENTS = 2


class Split(BaseModel):
    """Fractions of the documents; together 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: float = Field(default=0.9, gt=0)
    valid: float = Field(default=0.05, gt=0)
    test: float = Field(default=0.05, ge=0)

    @model_validator(mode="after")
    def _together_one(self) -> Split:
        if abs(self.train + self.valid + self.test - 1) > 1e-6:
            raise ValueError("train, valid and test must add up to 1")
        return self

    def place(self, fingerprint: bytes, side: str | None = None, named: Collection[str] = ()) -> float:
        """Where in [0, 1) a document stands: within the part of `side` or, without one, within those not `named`."""
        shares = self.model_dump()
        parts = [name for name in SPLITS if (name == side if side else name not in named)]
        rest = place(fingerprint) * sum(shares[name] for name in parts)
        for part in parts[:-1]:
            if rest < shares[part]:
                break
            rest -= shares[part]
        else:
            part = parts[-1]
        return float(sum(shares[name] for name in SPLITS[: SPLITS.index(part)]) + rest)

    def side(self, places: np.ndarray) -> np.ndarray:
        """uint8[n]: the split of documents that stand at `places` float64[n] in [0, 1)."""
        return np.searchsorted([self.train, self.train + self.valid], places, side="right").astype(np.uint8)


def place(fingerprint: bytes) -> float:
    """Where in [0, 1) a document stands: the first 53 bits of its fingerprint."""
    return (int.from_bytes(fingerprint[:8], "big") >> 11) / 2**53


def assign(split: Split, places: np.ndarray, named: Collection[str] = ()) -> np.ndarray:
    """uint8[n]: the split of every document, none empty that can be filled.

    Where chance leaves a split empty, the document that stands nearest to it moves over; `train` is served first, then
    `valid`, then `test`. Where files were `named` for a side, none moves. Raises CorpusError for fewer than two.
    """
    if len(places) < LEAST_DOCUMENTS:
        raise CorpusError(
            f"{len(places)} usable document is too small to split into training and validation; add files."
        )
    # Documents of one group stand at one place, and move together.
    units, unit_of = np.unique(places, return_inverse=True)
    return _assign_units(split, units, named)[unit_of]


def _assign_units(split: Split, places: np.ndarray, named: Collection[str]) -> np.ndarray:
    sides = split.side(places)
    if named:
        return sides
    edges = np.cumsum([0, split.train, split.valid, split.test])
    for wanted in range(len(SPLITS)):
        counts = np.bincount(sides, minlength=len(SPLITS))
        if counts[wanted] or (SPLITS[wanted] == "test" and split.test == 0):
            continue
        donors = np.flatnonzero((counts[sides] > 1) | (sides > wanted))
        if not len(donors):
            continue
        low, high = edges[wanted], edges[wanted + 1]
        distance = np.maximum(low - places[donors], places[donors] - high)
        sides[donors[np.argmin(distance)]] = wanted
    return sides


def check_sides(sides: np.ndarray) -> None:
    """Raises CorpusError when there is nothing to train on, or nothing to choose the best model by."""
    for name in ("train", "valid"):
        if not (sides == SPLITS.index(name)).any():
            raise CorpusError(f"No document is left for the split {name!r}; add files, or name some with --valid.")

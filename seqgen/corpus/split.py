"""Which documents are trained on, which choose the best model, and which are kept for the last word.

A document's side follows from a hash of its content, so a copy never sits on both sides, and a document keeps its side
when other files come or go, but for the few that are moved to fill a split that chance left empty.
"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from seqgen.corpus.fingerprint import SIZE
from seqgen.corpus.store import SPLITS
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

    def side(self, places: np.ndarray) -> np.ndarray:
        """uint8[n]: the split of documents that stand at `places` float64[n] in [0, 1)."""
        return np.searchsorted([self.train, self.train + self.valid], places, side="right").astype(np.uint8)


def place(fingerprint: bytes) -> float:
    """Where in [0, 1) a document stands: the first 53 bits of its fingerprint."""
    return float(places(fingerprint)[0])


def places(fingerprints: bytes) -> np.ndarray:
    """float64[n]: the same of n fingerprints that lie end to end."""
    first_words = np.frombuffer(fingerprints, ">u8")[:: SIZE // 8].astype(np.uint64)
    return (first_words >> np.uint64(11)) / np.float64(2**53)


def assign(split: Split, places: np.ndarray) -> np.ndarray:
    """uint8[n]: the split of every document, none empty that can be filled.

    Where chance leaves a split empty, the document that stands nearest to it moves over; `train` is served first, then
    `valid`, then `test`. Raises CorpusError for fewer than two documents.
    """
    if len(places) < LEAST_DOCUMENTS:
        raise CorpusError(
            f"{len(places)} usable document is too small to split into training and validation; add files."
        )
    sides = split.side(places)
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
            raise CorpusError(f"No document is left for the split {name!r}; add files.")

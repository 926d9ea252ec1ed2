"""What a trained model gives: documents drawn, searched for or filled in, what one costs, what goes on inside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.engine.scoring.introspection import Activations
from seqgen.grammar import EOS


@dataclass(frozen=True, eq=False)
class Sample:
    """One document that was drawn: its ids int32[n], prompt included, and the domain's item.

    given: the beginning of the item that was given; None where nothing was
    """

    seed: int
    number: int
    ids: np.ndarray
    item: Any
    given: Any

    @property
    def ended(self) -> bool:
        """False where the longest allowed length cut it off."""
        return bool(self.ids[-1] == EOS)

    @property
    def label(self) -> str:
        """What its files are called after the domain."""
        return f"{self.seed}-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class Found(Sample):
    """One document that beam search found: `number` is its rank, from 0, and `seed` is 0, for nothing is drawn."""

    log_probability: float
    """ln p of the tokens after the prompt, in nats."""
    score: float
    """The same with the length penalty."""

    @property
    def label(self) -> str:
        return f"beam-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class Filled(Sample):
    """One document that was drawn around given tokens."""

    log_evidence: float
    """An estimate of ln p(given tokens), in nats; exp of it is unbiased."""

    @property
    def label(self) -> str:
        return f"filled-{self.seed}-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class Score:
    """What one document costs."""

    path: Path
    ids: np.ndarray
    nats: np.ndarray
    """float32[n]: -ln p of each id; 0 where the domain does not count it."""
    tokens: float
    """The sum of the weights."""

    @property
    def nats_per_token(self) -> float:
        return float(self.nats.sum() / max(self.tokens, 1.0))


@dataclass(frozen=True, eq=False)
class NamedActivations(Activations):
    """What goes on in a model while it reads a document of n tokens."""

    tokens: tuple[str, ...]
    """Their names."""

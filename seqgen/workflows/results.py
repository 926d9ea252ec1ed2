"""The results of a trained model: samples, scores, and what happens inside the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.engine.scoring.introspection import Activations
from seqgen.grammar import EOS


@dataclass(frozen=True, eq=False)
class GeneratedDocument(ABC):
    """One document that a model made.

    number:      its place among the documents of one call, from 0
    ids:         int32[n], with the prompt
    item:        the domain's item
    prompt_item: the part of the item that was the prompt, or None
    """

    number: int
    ids: np.ndarray
    item: Any
    prompt_item: Any

    @property
    def ended(self) -> bool:
        """Whether the document ends, and was not cut off at the maximum length."""
        return bool(self.ids[-1] == EOS)

    @property
    @abstractmethod
    def label(self) -> str:
        """The end of the names of its files."""


@dataclass(frozen=True, eq=False)
class Sample(GeneratedDocument):
    """One sampled document. The number-th sample of a seed is always the same."""

    seed: int

    @property
    def label(self) -> str:
        return f"{self.seed}-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class InfilledSample(Sample):
    """One document that was sampled around given tokens.

    log_evidence: an estimate of ln p(given tokens), in nats; its exp is unbiased
    """

    log_evidence: float

    @property
    def label(self) -> str:
        return f"filled-{self.seed}-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class BeamSample(GeneratedDocument):
    """One document that beam search found. `number` is its rank from 0.

    log_probability: ln p of the tokens after the prompt, in nats
    score:           the same with the length penalty
    """

    log_probability: float
    score: float

    @property
    def label(self) -> str:
        return f"beam-{self.number + 1}"


@dataclass(frozen=True, eq=False)
class DocumentScore:
    """The likelihood of one document.

    path:   the file or corpus that contains it
    ids:    int32[n]
    nats:   float32[n], −ln p of each id; 0 for an id that does not count
    tokens: the sum of the weights
    """

    path: Path
    ids: np.ndarray
    nats: np.ndarray
    tokens: float

    @property
    def nats_per_token(self) -> float:
        return float(self.nats.sum() / max(self.tokens, 1.0))


@dataclass(frozen=True, eq=False)
class NamedActivations(Activations):
    """What happens inside a model while it reads a document of n tokens.

    tokens: the names of the tokens
    """

    tokens: tuple[str, ...]

"""The results of a trained model: samples, scores, and what happens inside the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqgen.engine.scoring.introspection import Activations
from seqgen.grammar import EOS


@dataclass(frozen=True, eq=False)
class GeneratedDocument(ABC):
    """One document that a model made.

    number:        its place among the documents of one prompt, from 0
    ids:           int32[n], with the prompt
    item:          the domain's item
    prompt_item:   the part of the item that was the prompt, or None
    prompt_number: the place of its prompt among several prompts of one call, from 0; None if there were not several
    """

    number: int
    ids: np.ndarray
    item: Any
    prompt_item: Any
    prompt_number: int | None = field(default=None, kw_only=True)

    @property
    def ended(self) -> bool:
        """Whether the document ends, and was not cut off at the maximum length."""
        return bool(self.ids[-1] == EOS)

    @property
    def label(self) -> str:
        """The end of the names of its files: that of its call, the number of the prompt of several, its own number."""
        numbers = [self.number] if self.prompt_number is None else [self.prompt_number, self.number]
        return "-".join([self.call_label, *(str(number + 1) for number in numbers)])

    @property
    @abstractmethod
    def call_label(self) -> str:
        """The beginning of the label, which all documents of a call share."""


@dataclass(frozen=True, eq=False)
class Sample(GeneratedDocument):
    """One sampled document. The number-th sample of a seed is always the same."""

    seed: int

    @property
    def call_label(self) -> str:
        return str(self.seed)


@dataclass(frozen=True, eq=False)
class InfilledSample(Sample):
    """One document that was sampled around given tokens.

    log_evidence: an estimate of ln p(given tokens), in nats; its exp is unbiased
    """

    log_evidence: float

    @property
    def call_label(self) -> str:
        return f"filled-{self.seed}"


@dataclass(frozen=True, eq=False)
class BeamSample(GeneratedDocument):
    """One document that beam search found. `number` is its rank from 0.

    log_probability: ln p of the tokens after the prompt, in nats
    score:           the same with the length penalty
    """

    log_probability: float
    score: float

    @property
    def call_label(self) -> str:
        return "beam"


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

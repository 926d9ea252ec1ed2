"""A sentence and its translation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Alignment:
    """How much each target word looks at each source word (Bahdanau et al. 2015, section 5.2).

    weights: one row for each target word, one weight for each source word; each is between 0 and 1
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class SentencePair:
    """An item of the domain.

    target:    None before the sentence is translated
    alignment: of a translation that the model made; None if it is not known
    """

    source: str
    target: str | None = None
    alignment: Alignment | None = None


def normalized(text: str, *, lowercase: bool = False) -> str:
    """Returns a text with single spaces, none of them at its ends, and in lower case if asked for."""
    text = " ".join(text.split())
    return text.lower() if lowercase else text

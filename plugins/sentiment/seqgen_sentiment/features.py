"""Features of a content: its words and pairs of neighbours, and the statistics that the base has of its item.

For other data than text, tokens are words.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from seqgen import BOS, EOS, Domain, Metrics

NGRAM_LENGTHS = (2, 3, 4, 5)
WORD = re.compile(r"\w+|[^\w\s]")


def words_of_text(text: str) -> list[str]:
    """Returns the words and punctuation marks of a text, in lower case."""
    return WORD.findall(text.lower())


def words_of_contents(contents: Sequence[np.ndarray], base: Domain[Any]) -> list[list[str]]:
    """Returns the words of contents of the domain `base`, ids int32[…] without BOS and EOS."""
    if is_text(base):
        return [words_of_text(base.decode(np.array([BOS, *content], np.int32))) for content in contents]
    return [[base.vocabulary[number] for number in content.tolist()] for content in contents]


def character_ngrams(words: Iterable[str]) -> Iterator[str]:
    """Yields the runs of 2 … 5 characters of each word, which has a space before and after it."""
    for word in words:
        padded = f" {word} "
        for length in NGRAM_LENGTHS:
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]


def statistics_of_contents(contents: Sequence[np.ndarray], base: Domain[Any]) -> list[dict[str, float]]:
    """Returns the statistics of contents of the domain `base`, ids int32[…] without BOS and EOS."""
    metrics = base.require(Metrics, "statistics")
    return [metrics.statistics(base.decode(np.array([BOS, *content, EOS], np.int32))) for content in contents]


def has_statistics(base: Domain[Any]) -> bool:
    """Whether the domain has statistics of its items."""
    return base.metrics is not None and base.metrics.offers("statistics")


def is_text(base: Domain[Any]) -> bool:
    """Whether the items of a domain are texts."""
    return isinstance(base.decode(np.array([BOS], np.int32)), str)


def unigrams_and_bigrams(words: Sequence[str]) -> Iterator[str]:
    """Yields the words, and each pair of neighbours."""
    yield from words
    for first, second in itertools.pairwise(words):
        yield f"{first} {second}"

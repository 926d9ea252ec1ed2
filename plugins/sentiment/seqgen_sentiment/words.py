"""What is counted of a content: the words and signs of a text, the tokens of anything else; and each two neighbours."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqgen import BOS, Domain

WORD = re.compile(r"\w+|[^\w\s]")


def words_of(text: str) -> list[str]:
    """The words and signs of a text, in lower case."""
    return WORD.findall(text.lower())


def words_in(contents: Sequence[np.ndarray], base: Domain[Any]) -> list[list[str]]:
    """What is counted of contents of the domain `base`, ids int32[…] without BOS and EOS."""
    if is_text(base):
        return [words_of(base.decode(np.array([BOS, *content], np.int32))) for content in contents]
    return [[base.vocabulary[number] for number in content.tolist()] for content in contents]


def is_text(base: Domain[Any]) -> bool:
    """Whether the contents of a domain are texts."""
    return isinstance(base.decode(np.array([BOS], np.int32)), str)


def words_and_pairs(words: Sequence[str]) -> list[str]:
    """The features of a content: its words, and each two neighbours."""
    return [*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))]

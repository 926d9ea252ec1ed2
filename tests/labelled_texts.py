"""For tests of the domain `sentiment`: texts in which one word is praise or blame, and a domain that learned them."""

from __future__ import annotations

import numpy as np
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem

WORDS = {"neg": ["bad", "awful", "poor", "dull"], "pos": ["good", "fine", "lovely", "great"]}
ITEM = LabelledItem("the film is good", "pos")
OTHERS = ["the", "film", "is", "a", "story", "of", "some", "people", "and", "their", "dog"]


def rows(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Returns texts with both labels in turn. One word of each text decides its label."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = ("neg", "pos")[number % 2]
        words = rng.choice(OTHERS, 5).tolist()
        words.insert(int(rng.integers(len(words) + 1)), str(rng.choice(WORDS[label])))
        made.append((" ".join(words), label))
    return made


def table(count: int, seed: int = 0) -> str:
    """Returns the same as the lines of a TSV file."""
    return "".join(f"{text}\t{label}\n" for text, label in rows(count, seed))


def learned(**settings) -> SentimentDomain:
    checked = SentimentDomain.Settings.from_mapping(settings)
    found = SentimentDomain(checked).learn([[label, text] for text, label in rows(40)])
    return SentimentDomain(checked, found.vocabulary, found.state)

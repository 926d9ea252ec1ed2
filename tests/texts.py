"""For tests of the domain `text`: texts in many scripts, and a domain of any unit that has learned from some."""

from __future__ import annotations

import numpy as np
from seqgen_text.domain import TextDomain

UNITS = ("byte", "character", "bpe", "word")
LEARNED = [
    "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox does not.\n" * 3,
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "いろはにほへと ちりぬるを 😀",
    'one two {"name": "three", "n": 4}',
]


def random_texts(count: int, seed: int, longest: int = 40) -> list[str]:
    """Texts of characters of 1, 2, 3 and 4 bytes, control characters and signs among them."""
    rng = np.random.default_rng(seed)
    ranges = [(0x20, 0x7F), (0x00, 0x20), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)]
    weights = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    texts = []
    for _ in range(count):
        kinds = rng.choice(len(ranges), int(rng.integers(1, longest)), p=weights)
        texts.append("".join(chr(int(rng.integers(*ranges[kind]))) for kind in kinds))
    return texts


def learned(unit: str, **settings) -> TextDomain:
    asked = TextDomain.Settings(unit=unit, vocabulary_size=400, **settings)
    return TextDomain(asked, TextDomain(asked).learn(LEARNED))

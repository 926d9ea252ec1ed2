"""For tests of the domain `text`: texts in many scripts, and a domain with any tokenizer that has learned from some."""

from __future__ import annotations

import numpy as np
from seqgen_text.domain import TextDomain

TOKENIZERS = ("byte", "character", "bpe", "word")
LEARNED = [
    "The quick brown fox jumps over the lazy dog. The dog sleeps; the fox does not.\n" * 3,
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "いろはにほへと ちりぬるを 😀",
    'one two {"name": "three", "n": 4}',
]
ODD = ["\x00", "<0xE2>", "<bos><eos><unk>", "\ufeff", "e\u0301", "\r\n\n", " ", "a" * 1000, "￿\U0010ffff", "   x  "]


def random_texts(count: int, seed: int, max_length: int = 40) -> list[str]:
    """Texts of characters of 1, 2, 3 and 4 bytes, control characters and signs among them."""
    rng = np.random.default_rng(seed)
    ranges = [(0x20, 0x7F), (0x00, 0x20), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)]
    weights = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    texts = []
    for _ in range(count):
        kinds = rng.choice(len(ranges), int(rng.integers(1, max_length)), p=weights)
        texts.append("".join(chr(int(rng.integers(*ranges[kind]))) for kind in kinds))
    return texts


def learned(tokenizer: str, **values) -> TextDomain:
    settings = TextDomain.Settings(tokenizer=tokenizer, vocabulary_size=400, **values)
    learned = TextDomain(settings).learn(LEARNED)
    return TextDomain(settings, learned.vocabulary, learned.state)

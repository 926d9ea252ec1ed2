"""Long documents are cut where a reader would cut them, and nothing is lost."""

from __future__ import annotations

from seqgen_text.chunking import chunks
from texts import random_texts


def test_cutting_loses_nothing():
    for text in random_texts(100, 7, max_length=400):
        parts = list(chunks(text, 100))
        assert "".join(parts) == text
        assert max(map(len, parts)) <= 100

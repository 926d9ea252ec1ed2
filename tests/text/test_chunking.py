"""Long documents are cut where a reader would cut them, and nothing is lost."""

from __future__ import annotations

from seqgen_text.chunking import MIN_DIVISIBLE_LENGTH, chunks, contiguous_parts
from texts import random_texts


def test_cutting_loses_nothing():
    for text in random_texts(100, 7, max_length=400):
        parts = list(chunks(text, 100))
        assert "".join(parts) == text
        assert max(map(len, parts)) <= 100


def test_parts_for_the_splits_lose_nothing_and_end_with_a_line():
    text = "".join(f"This is line {number} of the text.\n" for number in range(400))
    parts = contiguous_parts(text, (0.9, 0.05, 0.05))
    assert "".join(parts) == text
    assert all(part.endswith("\n") for part in parts)
    assert [round(len(part) / len(text), 2) for part in parts] == [0.9, 0.05, 0.05]


def test_a_short_text_stays_whole_and_one_without_boundaries_is_cut_too():
    assert contiguous_parts("x" * (MIN_DIVISIBLE_LENGTH - 1), (0.5, 0.5)) == ["x" * (MIN_DIVISIBLE_LENGTH - 1)]
    assert contiguous_parts("x" * 2000, (0.5, 0.5)) == ["x" * 1000] * 2

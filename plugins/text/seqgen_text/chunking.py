"""Cuts documents that are too long, where a reader would."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence

from seqgen_text.settings import NormalForm

BOUNDARIES = ("\n\n", "\n", ". ", " ")
"""The end of a paragraph, a line, a sentence and a word: the best place for a cut first."""
MIN_DIVISIBLE_LENGTH = 1000
"""The least number of characters of a text that is divided among the splits."""


def chunks(text: str, max_length: int) -> Iterator[str]:
    """Yields the text in chunks of at most `max_length` characters."""
    start = 0
    while len(text) - start > max_length:
        end = _cut(text, start, max_length)
        yield text[start:end]
        start = end
    yield text[start:]


def contiguous_parts(text: str, shares: Sequence[float]) -> list[str]:
    """Returns the text in parts whose lengths have about these shares; or [text] if it is too short for that."""
    if len(text) < MIN_DIVISIBLE_LENGTH:
        return [text]
    ends = [_near_boundary(text, round(sum(shares[: number + 1]) * len(text))) for number in range(len(shares) - 1)]
    return [text[start:end] for start, end in itertools.pairwise([0, *ends, len(text)])]


def normalised_chunks(text: str, form: NormalForm, max_length: int) -> Iterator[str]:
    """Yields the text normalised, in chunks that are short enough before and after that."""
    for chunk in chunks(text, max_length):
        yield from chunks(normalised(chunk, form), max_length)


def normalised(text: str, form: NormalForm) -> str:
    """Returns the text in a Unicode normal form."""
    return text if form == "none" else unicodedata.normalize(form, text)


def _near_boundary(text: str, target: int) -> int:
    """Returns the end of a part: after the best boundary in the last hundredth of the text before `target`."""
    for boundary in BOUNDARIES:
        position = text.rfind(boundary, target - len(text) // 100, target)
        if position >= 0:
            return position + len(boundary)
    return target


def _cut(text: str, start: int, max_length: int) -> int:
    """Returns the end of a chunk: after the last best boundary in its second half."""
    for boundary in BOUNDARIES:
        position = text.rfind(boundary, start + max_length // 2, start + max_length)
        if position >= 0:
            return position + len(boundary)
    return start + max_length

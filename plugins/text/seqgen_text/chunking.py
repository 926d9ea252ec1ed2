"""Cuts documents that are too long into chunks, where a reader would."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from seqgen_text.settings import NormalForm

BOUNDARIES = ("\n\n", "\n", ". ", " ")
"""The end of a paragraph, a line, a sentence and a word: the best place for a cut first."""


def chunks(text: str, max_length: int) -> Iterator[str]:
    """Yields the text in chunks of at most `max_length` characters."""
    start = 0
    while len(text) - start > max_length:
        end = _cut(text, start, max_length)
        yield text[start:end]
        start = end
    yield text[start:]


def normalised_chunks(text: str, form: NormalForm, max_length: int) -> Iterator[str]:
    """Yields the text normalised, in chunks that are short enough before and after that."""
    for chunk in chunks(text, max_length):
        yield from chunks(normalised(chunk, form), max_length)


def normalised(text: str, form: NormalForm) -> str:
    """Returns the text in a Unicode normal form."""
    return text if form == "none" else unicodedata.normalize(form, text)


def _cut(text: str, start: int, max_length: int) -> int:
    """Returns the end of a chunk: after the last best boundary in its second half."""
    for boundary in BOUNDARIES:
        position = text.rfind(boundary, start + max_length // 2, start + max_length)
        if position >= 0:
            return position + len(boundary)
    return start + max_length

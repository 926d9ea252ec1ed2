"""A token is a word with the space before it, or a punctuation mark. Words outside the vocabulary are lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seqgen import Learned, Vocabulary
from seqgen_text.tokenization.token_names import UNKNOWN, token_name
from seqgen_text.tokenization.tokenizer import FIRST_ID, Tokenizer, first_characters, most_frequent

WORD = re.compile(rf"{UNKNOWN}| ?\w+| ?(?!{UNKNOWN})[^\w\s]|\s")
"""Splits a text into words. Joined, they are the text again."""


class WordTokenizer(Tokenizer):
    """`<unk>`, a space, and the most frequent words. There is no byte fallback."""

    has_byte_fallback = False

    def __init__(self, names: Sequence[str], state: Mapping[str, Any]) -> None:
        super().__init__(names, state)
        self._ids = {data.decode("utf-8"): FIRST_ID + number for number, data in enumerate(self.strings)}
        self._space, self._unknown = self._ids[" "], self._ids[UNKNOWN]

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        space, unknown = self._space, self._unknown
        for word in WORD.findall(text):
            number = self._ids.get(word)
            if number is not None:
                ids.append(number)
            elif word.startswith(" ") and len(word) > 1:
                ids += (space, self._ids.get(word[1:], unknown))
            else:
                ids.append(unknown)
        return ids

    @staticmethod
    def learn(texts: Iterable[str], max_tokens: int) -> Learned:
        """Returns `<unk>`, the space and the most frequent words."""
        counts: Counter[str] = Counter()
        for text in first_characters(texts):
            counts.update(WORD.findall(text))
        for always in (UNKNOWN, " "):
            counts.pop(always, None)
        words = [" ", *most_frequent(counts, max_tokens - 2)]
        return Learned(Vocabulary([UNKNOWN, *(token_name(word.encode("utf-8")) for word in words)]))

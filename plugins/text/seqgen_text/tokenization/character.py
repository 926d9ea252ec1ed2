"""A token is a character, or a byte of a character that the training split does not contain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seqgen import Learned, Vocabulary
from seqgen_text.tokenization.token_names import BYTES, token_name
from seqgen_text.tokenization.tokenizer import FIRST_ID, Tokenizer, most_frequent


class CharacterTokenizer(Tokenizer):
    """256 bytes, and the characters of more than one byte that are in the training split."""

    def __init__(self, names: Sequence[str], state: Mapping[str, Any]) -> None:
        super().__init__(names, state)
        characters = ((number, data) for number, data in enumerate(self.strings) if len(data) > 1 or data < b"\x80")
        self._ids = {data.decode("utf-8"): FIRST_ID + number for number, data in characters}

    def encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for character in text:
            number = self._ids.get(character)
            if number is None:
                ids += (FIRST_ID + byte for byte in character.encode("utf-8"))
            else:
                ids.append(number)
        return ids

    @staticmethod
    def learn(texts: Iterable[str], max_tokens: int) -> Learned:
        """Returns the bytes and the most frequent characters of more than one byte."""
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        longer = Counter({character: count for character, count in counts.items() if character > "\x7f"})
        characters = most_frequent(longer, max_tokens - len(BYTES))
        return Learned(Vocabulary([*map(token_name, BYTES), *(token_name(one.encode("utf-8")) for one in characters)]))

"""What all tokenizers have in common: a token stands for a string of bytes, and a text is the strings of its tokens."""

from __future__ import annotations

import abc
import codecs
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from seqgen import Learned
from seqgen_text.tokenization.token_names import BYTES, token_bytes

FIRST_ID = 2
"""The id of the first token after BOS and EOS."""
MAX_LEARNED_CHARACTERS = 300_000_000
"""How many characters BPE and words are learned from. More text hardly changes what is frequent."""


class Tokenizer(abc.ABC):
    """Turns texts into ids.

    strings: the bytes of each token, without BOS and EOS; strings[n] belongs to the id FIRST_ID + n
    """

    has_byte_fallback: ClassVar[bool] = True
    """Whether the first 256 tokens are the bytes, so that every text can be encoded."""

    def __init__(self, names: Sequence[str], state: Mapping[str, Any]) -> None:
        """Takes the names of the tokens, without BOS and EOS, and the state that `learn` returned.

        Raises ValueError or KeyError if they do not belong to this kind of tokenizer.
        """
        self.strings = tuple(token_bytes(name) for name in names)
        if self.has_byte_fallback and self.strings[: len(BYTES)] != BYTES:
            raise ValueError("it does not begin with the 256 bytes")
        if state:
            raise ValueError("it has a learned state, which this tokenizer does not use")

    @abc.abstractmethod
    def encode(self, text: str) -> Sequence[int] | np.ndarray:
        """Returns the ids of a text, without BOS and EOS. Raises UnicodeEncodeError for half a surrogate pair."""

    def decode(self, chunks: Iterable[np.ndarray]) -> Iterator[str]:
        """Yields the text of each chunk of ids int32[n], BOS and EOS among them.

        A character is held back until all of its bytes have come.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for chunk in chunks:
            data = b"".join(self.strings[number - FIRST_ID] for number in chunk.tolist() if number >= FIRST_ID)
            yield decoder.decode(data)

    @staticmethod
    @abc.abstractmethod
    def learn(texts: Iterable[str], max_tokens: int) -> Learned:
        """Returns at most `max_tokens` tokens, BOS and EOS not counted, from the training split."""


def most_frequent(counts: Counter[str], size: int) -> list[str]:
    """Returns the `size` most frequent strings. Equally frequent ones are in alphabetical order."""
    return sorted(counts, key=lambda text: (-counts[text], text))[: max(size, 0)]


def first_characters(texts: Iterable[str], count: int = MAX_LEARNED_CHARACTERS) -> Iterator[str]:
    """Yields whole texts until they have `count` characters together."""
    for text in texts:
        yield text
        count -= len(text)
        if count <= 0:
            return

"""A token is a byte of UTF-8."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from seqgen import Learned, Vocabulary
from seqgen_text.tokenization.token_names import BYTES, token_name
from seqgen_text.tokenization.tokenizer import FIRST_ID, Tokenizer


class ByteTokenizer(Tokenizer):
    """256 tokens, one for each byte."""

    def encode(self, text: str) -> np.ndarray:
        return FIRST_ID + np.frombuffer(text.encode("utf-8"), np.uint8).astype(np.int32)

    @staticmethod
    def learn(texts: Iterable[str], max_tokens: int) -> Learned:
        """Returns the 256 bytes. The texts are not read."""
        return Learned(Vocabulary(map(token_name, BYTES)))

"""Tokenizers of text: what one token is.

byte       one of 256 bytes
character  one of 256 bytes, or a character of several bytes that the training split contains
bpe        one of 256 bytes, or a merge of two tokens (byte-pair encoding, Sennrich et al. 2016)
word       a word with the space before it, or a punctuation mark; a word outside the vocabulary is `<unk>`
"""

from __future__ import annotations

from typing import Literal

from seqgen_text.tokenization.bpe import BpeTokenizer
from seqgen_text.tokenization.byte import ByteTokenizer
from seqgen_text.tokenization.character import CharacterTokenizer
from seqgen_text.tokenization.tokenizer import FIRST_ID, Tokenizer
from seqgen_text.tokenization.word import WordTokenizer

TokenizerName = Literal["byte", "character", "bpe", "word"]
TOKENIZERS: dict[TokenizerName, type[Tokenizer]] = {
    "byte": ByteTokenizer,
    "character": CharacterTokenizer,
    "bpe": BpeTokenizer,
    "word": WordTokenizer,
}

__all__ = ["FIRST_ID", "TOKENIZERS", "Tokenizer", "TokenizerName"]

"""Byte-pair encoding (Sennrich et al. 2016) on bytes, learned and applied by the library `tokenizers`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from seqgen import Learned, Vocabulary
from seqgen_text.tokenization.token_names import BYTES, token_name
from seqgen_text.tokenization.tokenizer import FIRST_ID, Tokenizer, first_characters


class BpeTokenizer(Tokenizer):
    """256 bytes, and tokens that are merged from two others.

    The learned state has the merges in the order in which they are applied, as names of tokens:
    {"merges": [["t", "h"], ["th", "e"], …]}.
    """

    def __init__(self, names: Sequence[str], state: Mapping[str, Any]) -> None:
        super().__init__(names, {})
        letters = dict(zip(names, map(_letters, self.strings), strict=True))
        ids = {token: FIRST_ID + number for number, token in enumerate(letters.values())}
        try:
            merges = [(letters[left], letters[right]) for left, right in state["merges"]]
        except (KeyError, TypeError, ValueError):
            raise ValueError("its BPE merges are missing or are not pairs of its tokens") from None
        # Each merge makes another token. Without this check, many merges of long tokens take quadratic time.
        if sum(len(left) + len(right) for left, right in merges) > sum(map(len, ids)):
            raise ValueError("it has more BPE merges than tokens that they could make")
        if not all(left + right in ids for left, right in merges):
            raise ValueError("one of its BPE merges makes no token of it")
        self._tokenizer = _with_words(models.BPE(vocab=ids, merges=merges))

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    @staticmethod
    def learn(texts: Iterable[str], max_tokens: int) -> Learned:
        """Returns the bytes and the merged tokens in their order, and the merges as state."""
        trained = _with_words(models.BPE())
        trainer = trainers.BpeTrainer(
            vocab_size=max_tokens,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=[],
            show_progress=False,
        )
        trained.train_from_iterator(first_characters(texts), trainer)
        ids = trained.get_vocab()
        names = {token: token_name(bytes(map(BYTE_LETTERS.index, token))) for token in ids}
        merged = [names[token] for token in sorted(ids, key=ids.__getitem__) if len(token) > 1]
        merges = [[names[left], names[right]] for left, right in json.loads(trained.to_str())["model"]["merges"]]
        return Learned(Vocabulary([*map(token_name, BYTES), *merged]), {"merges": merges})


def _with_words(model: models.Model) -> tokenizers.Tokenizer:
    """Returns a tokenizer whose merges stay within words, as in GPT-2. A token could span two words otherwise."""
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return tokenizer


def _byte_letters() -> str:
    """Returns the printable letter by which the library writes each byte (GPT-2's table)."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return "".join(chr(byte) if byte in printable else chr(next(others)) for byte in range(256))


BYTE_LETTERS = _byte_letters()


def _letters(data: bytes) -> str:
    return "".join(BYTE_LETTERS[byte] for byte in data)

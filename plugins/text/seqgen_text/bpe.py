"""Byte-pair encoding (Sennrich et al. 2016) on bytes, learned and applied by the library `tokenizers`.

The vocabulary alone says how to encode: its tokens stand in the order in which they were merged, so the pair that was
merged first is the one whose two halves together stand first. Nothing else has to be saved.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tokenizers import Tokenizer, models, pre_tokenizers, trainers


def learn(texts: Iterable[str], size: int) -> list[bytes]:
    """The merged tokens in their order, together with the 256 bytes at most `size`."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = _words()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=[], show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    vocabulary = made.get_vocab()
    merged = (token for token in sorted(vocabulary, key=vocabulary.__getitem__) if len(token) > 1)
    byte_of = {letter: byte for byte, letter in enumerate(_letters())}
    return [bytes(byte_of[letter] for letter in token) for token in merged]


def tokenizer(strings: Sequence[bytes], first: int) -> Tokenizer:
    """What encodes a text as ids; the id of strings[n] is first + n."""
    letters = _letters()
    spelled = ["".join(letters[byte] for byte in data) for data in strings]
    ids = {token: first + number for number, token in enumerate(spelled)}
    made = Tokenizer(models.BPE(vocab=ids, merges=list(_merges(spelled, ids))))
    made.pre_tokenizer = _words()
    return made


def _merges(spelled: Sequence[str], ids: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Every way in which a token is two that came before it, in the order of the tokens."""
    for token in spelled:
        for place in range(1, len(token)):
            left, right = token[:place], token[place:]
            if max(ids.get(left, ids[token]), ids.get(right, ids[token])) < ids[token]:
                yield left, right


def _words() -> pre_tokenizers.PreTokenizer:
    """Merges stay within words (as in GPT-2); without it a token could span two."""
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _letters() -> list[str]:
    """The printable letter by which the library writes each byte (GPT-2's table)."""
    plain = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]

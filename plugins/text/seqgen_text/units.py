"""Units: what one token of a text is.

    byte       256 of them
    character  256 bytes, and every character of more than one byte that stands in the training split
    bpe        256 bytes, and pairs merged over and over (Sennrich et al. 2016), learned on the training split (bpe.py)
    word       a word with the space before it, or a sign; what is not in the vocabulary is `<unk>`

Whatever the unit, a token stands for some bytes, and a text is what its tokens stand for, end to end. Bytes are the
fallback of the others: a character that training never saw is written down as its bytes. Words alone have none.
"""

from __future__ import annotations

import abc
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np

from seqgen_text.names import BYTES, UNKNOWN, bytes_of, name_of

Name = Literal["byte", "character", "bpe", "word"]
FIRST = 2
"""The id of the first token that is not BOS or EOS."""
WORD = re.compile(rf"{UNKNOWN}| ?\w+| ?(?!{UNKNOWN})[^\w\s]|\s")
MOST_LEARNED = 300_000_000
"""How many characters pieces and words are counted in; what comes after changes their ranks little."""


class Unit(abc.ABC):
    """A way to write a text down.

    strings: the bytes that each token stands for, BOS and EOS left out
    """

    falls_back: ClassVar[bool] = True
    """Whether the first 256 tokens are the bytes."""

    def __init__(self, names: Sequence[str]) -> None:
        """Raises ValueError or KeyError for names that are not those of such tokens."""
        self.strings = tuple(bytes_of(name) for name in names)
        if self.falls_back and self.strings[: len(BYTES)] != BYTES:
            raise ValueError("it does not begin with the 256 bytes")

    @abc.abstractmethod
    def ids(self, text: str) -> Sequence[int] | np.ndarray:
        """The ids of a text, without BOS and EOS."""

    @staticmethod
    @abc.abstractmethod
    def learn(texts: Iterable[str], size: int) -> Iterable[bytes]:
        """What the tokens stand for, `size` of them at most, from the training split."""


class Bytes(Unit):
    def ids(self, text: str) -> np.ndarray:
        return FIRST + np.frombuffer(text.encode("utf-8"), np.uint8).astype(np.int32)

    @staticmethod
    def learn(texts: Iterable[str], size: int) -> Iterable[bytes]:
        return BYTES


class Characters(Unit):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        whole = ((number, data) for number, data in enumerate(self.strings) if len(data) > 1 or data < b"\x80")
        self._ids = {data.decode("utf-8"): FIRST + number for number, data in whole}

    def ids(self, text: str) -> list[int]:
        found: list[int] = []
        for character in text:
            number = self._ids.get(character)
            if number is None:
                found += (FIRST + byte for byte in character.encode("utf-8"))
            else:
                found.append(number)
        return found

    @staticmethod
    def learn(texts: Iterable[str], size: int) -> Iterable[bytes]:
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(text)
        longer = Counter({character: count for character, count in counts.items() if character > "\x7f"})
        return [*BYTES, *(character.encode("utf-8") for character in most_frequent(longer, size - len(BYTES)))]


class Pieces(Unit):
    def __init__(self, names: Sequence[str]) -> None:
        from seqgen_text.bpe import tokenizer

        super().__init__(names)
        self._tokenizer = tokenizer(self.strings, FIRST)

    def ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text).ids)

    @staticmethod
    def learn(texts: Iterable[str], size: int) -> Iterable[bytes]:
        from seqgen_text.bpe import learn

        return [*BYTES, *learn(up_to(texts, MOST_LEARNED), size)]


class Words(Unit):
    falls_back = False

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self._ids = {data.decode("utf-8"): FIRST + number for number, data in enumerate(self.strings)}
        self._space, self._unknown = self._ids[" "], self._ids[UNKNOWN]

    def ids(self, text: str) -> list[int]:
        found: list[int] = []
        space, unknown = self._space, self._unknown
        for word in WORD.findall(text):
            number = self._ids.get(word)
            if number is not None:
                found.append(number)
            elif word.startswith(" ") and len(word) > 1:
                found += (space, self._ids.get(word[1:], unknown))
            else:
                found.append(unknown)
        return found

    @staticmethod
    def learn(texts: Iterable[str], size: int) -> Iterable[bytes]:
        counts: Counter[str] = Counter()
        for text in up_to(texts, MOST_LEARNED):
            counts.update(WORD.findall(text))
        for always in (UNKNOWN, " "):
            counts.pop(always, None)
        return [word.encode("utf-8") for word in (UNKNOWN, " ", *most_frequent(counts, size - 2))]


UNITS: dict[Name, type[Unit]] = {"byte": Bytes, "character": Characters, "bpe": Pieces, "word": Words}


def learn_names(unit: Name, texts: Iterable[str], size: int) -> Iterator[str]:
    """The names of the tokens that a unit learns from the training split; at most `size`, BOS and EOS counted."""
    for data in UNITS[unit].learn(texts, size - FIRST):
        yield UNKNOWN if unit == "word" and data == UNKNOWN.encode() else name_of(data)


def most_frequent(counts: Counter[str], most: int) -> list[str]:
    """The most frequent ones, equally frequent ones in the order of the alphabet."""
    return sorted(counts, key=lambda what: (-counts[what], what))[: max(most, 0)]


def up_to(texts: Iterable[str], characters: int) -> Iterator[str]:
    """The texts until so many characters were given."""
    for text in texts:
        yield text
        characters -= len(text)
        if characters <= 0:
            return

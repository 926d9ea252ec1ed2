"""The smallest useful domain, for tests: one line of lower-case letters is a document.

Lines that begin with `!` make it misbehave as real readers do on hostile files.
"""

from __future__ import annotations

import os
import signal
import string
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from seqgen import (
    Domain,
    Example,
    Grammar,
    Options,
    Prompting,
    Reading,
    Record,
    Training,
    UnusableFile,
    Vocabulary,
    VocabularyLearning,
    atomic_write,
)
from seqgen.grammar import BOS, EOS, build_grammar

A = 2


@dataclass(frozen=True)
class Line:
    letters: str


class Caesar(Training[Line]):
    def augment(self, ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Moves all letters on by the same number of places."""
        return np.where(ids >= A, A + (ids - A + rng.integers(26)) % 26, ids).astype(np.int32)


class Letters(Domain[Line]):
    name = "letters"
    interface_version = 2
    reads = (".letters",)
    training = Caesar()

    class Settings(Options):
        half: bool = False
        """Whether only the second half of a line is learned."""

    def read(self, path: Path) -> Iterator[Line]:
        try:
            lines = path.read_text(encoding="ascii").split("\n")
        except UnicodeDecodeError:
            raise UnusableFile("not plain letters") from None
        for line in filter(None, lines):
            if line == "wait":
                time.sleep(0.5)
            if line.startswith("!"):
                misbehave(line[1:])
            elif set(line) <= set(string.ascii_lowercase):
                yield Line(line)
            else:
                raise UnusableFile("not plain letters")

    def learn(self, items: Iterable[Line]) -> Vocabulary:
        return Vocabulary(string.ascii_lowercase)

    def encode(self, item: Line) -> Example:
        if item.letters == "drop":
            raise UnusableFile("the word that is dropped")
        if item.letters == "bug":
            raise KeyError("bug")
        if item.letters == "zz":
            return Example.document([BOS])
        example = Example.document([A + string.ascii_lowercase.index(letter) for letter in item.letters])
        if self.settings.half:
            example.weights[: len(item.letters) // 2] = 0
        return example

    def decode(self, ids: np.ndarray) -> Line:
        return Line("".join(string.ascii_lowercase[number - A] for number in ids.tolist() if number >= A))

    def write(self, item: Line, path: Path) -> list[Path]:
        path = path.with_name(path.name + ".letters")
        with atomic_write(path) as temporary:
            temporary.write_text(item.letters)
        return [path]

    def grammar(self, constraints: Any = None) -> Grammar:
        """Any letters but an empty line; the state knows whether the last letter was a vowel."""

        def moves(state: str) -> Iterator[tuple[int, str]]:
            if state != "start":
                yield EOS, state
            for number, letter in enumerate(string.ascii_lowercase):
                yield A + number, "vowel" if letter in "aeiou" else "other"

        return build_grammar(len(self.vocabulary), "start", moves)


class ObservingLetters(VocabularyLearning[Line]):
    def observe(self, item: Line) -> str:
        return item.letters


class ReadingInParts(Reading[Line]):
    def in_parts(self, path: PurePath) -> bool:
        return True


class Remembering(Letters):
    """Its vocabulary tells what it was learned from: the letters, and every line observed. Reads in parts."""

    learning = ObservingLetters()
    reading = ReadingInParts()

    def learn(self, observations: Iterable[str]) -> Vocabulary:
        lines = [set(observations) for _ in range(2)]
        assert lines[0] == lines[1] or not lines[1]
        return Vocabulary([*string.ascii_lowercase, *sorted(f"line:{line}" for line in lines[0])])


class NumberedPrompts(Prompting[Line]):
    """Prompts with a number that is no letter and comes back as metadata."""

    def read(self, path: Path) -> Iterator[Record[Line]]:
        for number, item in enumerate(self.domain.read(path)):
            yield Record(item, {"copies": number + 2})


class NumberedReading(Reading[Line]):
    def restore(self, record: Record[Line]) -> Line:
        return Line(record.item.letters * record.metadata["copies"])


class NumberedLetters(Letters):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.prompting = NumberedPrompts(self)
        self.reading = NumberedReading()


def misbehave(how: str) -> None:
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == "hang":
        time.sleep(60)
    elif how == "eat":
        bytearray(2**40)
    elif how == "print":
        os.write(1, b"this is no message")
        print("nor is this", flush=True)
    elif how == "lie":
        # What a file that has taken over its worker could do: fill every descriptor with rubbish.
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, b"\0\0\0\0\0\0\0\x09[[[[[[[[[")
            except OSError:
                pass
        time.sleep(60)
    elif how == "later":
        # A reader that has spoilt its memory dies at some later file.
        threading.Timer(0.2, os.abort).start()
    elif how == "bug":
        raise ZeroDivisionError

"""The conformance kit finds every broken law of the core."""

from __future__ import annotations

import numpy as np
import pytest
from letters import Letters, Line

from seqgen import Example, UnusableFile, Vocabulary
from seqgen.contract.testing import check_domain


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "some.letters"
    path.write_text("hello\nworld\nabc\n")
    return path


def test_the_letters_keep_the_laws(lines):
    check_domain(Letters(), [lines], walks=20)


class _ForgetsALetter(Letters):
    def decode(self, ids):
        return Line(super().decode(ids).letters[1:])


class _ReadsAnything(Letters):
    def read(self, path):
        yield Line(path.read_text(encoding="ascii").split()[0])


class _GivesNoReason(Letters):
    def read(self, path):
        try:
            yield from super().read(path)
        except UnusableFile:
            raise UnusableFile("") from None


class _ReadsNothing(Letters):
    def read(self, path):
        yield from ()


class _LearnsBos(Letters):
    def encode(self, item):
        example = super().encode(item)
        return Example(example.ids, np.ones_like(example.weights))


class _HasWideIds(Letters):
    def encode(self, item):
        example = super().encode(item)
        return Example(example.ids.astype(np.int64), example.weights)


class _BreaksItsGrammar(Letters):
    def encode(self, item):
        return Example.document([0, 2])


class _HasALargerVocabulary(Letters):
    def learn(self, items):
        return Vocabulary("abc")

    def grammar(self, constraints=None):
        return Letters().grammar()


class _CannotDecodeAPart(Letters):
    def decode(self, ids):
        if ids[-1] != 1:
            raise ValueError("unfinished")
        return super().decode(ids)


class _WritesNothing(Letters):
    def write(self, item, path):
        return [path]


class _WritesAnywhere(Letters):
    def write(self, item, path):
        if path.parent.name == "obstacle":
            return []
        return super().write(item, path)


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (_ForgetsALetter, "gives another item"),
        (_ReadsAnything, "hostile bytes"),
        (_GivesNoReason, "without a reason"),
        (_ReadsNothing, "gives no items"),
        (_LearnsBos, "BOS has weight 1"),
        (_HasWideIds, "ids of int64, not int32"),
        (_BreaksItsGrammar, "a document that the grammar forbids"),
        (_HasALargerVocabulary, "the vocabulary 5"),
        (_CannotDecodeAPart, "decode fails on a legal document"),
        (_WritesNothing, "names files that are not there"),
        (_WritesAnywhere, "says nothing where it cannot write"),
    ],
)
def test_the_kit_finds_broken_laws(broken, sentence, lines):
    with pytest.raises(AssertionError, match=sentence):
        check_domain(broken(), [lines], walks=5)

"""Pairs as HTML and as a picture."""

from __future__ import annotations

import struct

import pytest
from seqgen_translation.display import MAX_DRAWN_WORDS, PairDisplay
from seqgen_translation.sentence_pair import Alignment, SentencePair

ALIGNED = SentencePair("ein hund", "a dog", Alignment(("ein", "hund"), ("a", "dog"), ((0.9, 0.1), (0.2, 0.7))))


def size_of(path):
    return struct.unpack(">II", path.read_bytes()[16:24])


@pytest.mark.parametrize(
    "item", [ALIGNED, SentencePair("ein hund", "a dog"), SentencePair("", ""), SentencePair("$x_", "京 $")], ids=str
)
def test_every_pair_can_be_drawn(item, tmp_path):
    made = PairDisplay().render(item, "png", tmp_path / "pair")
    assert made.name == "pair.png"
    assert made.read_bytes().startswith(b"\x89PNG")


def test_the_picture_of_a_very_long_pair_stays_small(tmp_path):
    words = " ".join(["wort"] * 10 * MAX_DRAWN_WORDS)
    width, height = size_of(PairDisplay().render(SentencePair(words, words), "png", tmp_path / "pair"))
    assert max(width, height) < 4000


def test_html_escapes_both_sides():
    page = PairDisplay().html(SentencePair("<b>", "<script>"))
    assert "&lt;b&gt;" in page
    assert "<script>" not in page

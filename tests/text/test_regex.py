"""Regular expressions mean what Python's `re` says: by brute force on tiny alphabets, and for every random walk."""

from __future__ import annotations

import itertools
import re
import warnings

import numpy as np
import pytest
from seqgen_text.regex import character_automaton
from seqgen_text.token_grammar import token_grammar
from seqgen_text.utf8 import byte_grammar

from seqgen import BOS, EOS, Grammar, ImpossibleConstraints, InvalidValue

ALPHABET = ("a", "B", "1", "\n", "é")
ATOMS = (
    "a",
    "B",
    "é",
    ".",
    r"\w",
    r"\d",
    r"\s",
    r"\W",
    "[a1]",
    "[^a]",
    "[B-é]",
    r"[^\s\d]",
    "(?i:É)",
    "(?s:.)",
    "(?a:\\w)",
)
REPEATS = ("", "", "", "?", "*", "+", "{2}", "{1,3}", "*?", "{0,2}?", "{2,}")
TEXTS = ["".join(letters) for size in range(4) for letters in itertools.product(ALPHABET, repeat=size)]
TEXTS += ["".join(np.random.default_rng(number).choice(ALPHABET, 4 + number % 4)) for number in range(100)]


def random_pattern(rng: np.random.Generator, depth: int = 2) -> str:
    if depth == 0 or rng.random() < 0.25:
        return str(rng.choice(ATOMS)) + str(rng.choice(REPEATS))
    parts = [random_pattern(rng, depth - 1) for _ in range(int(rng.integers(1, 4)))]
    kind = rng.integers(4)
    if kind == 0:
        return f"(?:{'|'.join(parts)}){rng.choice(REPEATS)}"
    if kind == 1:
        return f"({''.join(parts)}){rng.choice(REPEATS)}"
    return "".join(parts)


def byte_ids(text: str) -> np.ndarray:
    return np.array([BOS, *(2 + byte for byte in text.encode()), EOS], np.int32)


def matches(pattern: str, text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.fullmatch(pattern, text) is not None


def grammar_of(pattern: str) -> Grammar:
    return byte_grammar(character_automaton(pattern))


def test_random_patterns_accept_what_re_accepts():
    """60 random patterns and vocabularies are tried on all texts of up to 3 characters, 100 longer ones, and walks."""
    rng, impossible = np.random.default_rng(0), 0
    for _ in range(60):
        pattern = random_pattern(rng)
        expected = {text for text in TEXTS if matches(pattern, text)}
        try:
            grammar = grammar_of(pattern)
        except ImpossibleConstraints:
            assert not expected, pattern
            impossible += 1
            continue
        assert {text for text in TEXTS if grammar.accepts(byte_ids(text))} == expected, pattern
        check_walks(pattern, grammar, rng)
    assert impossible < 10


def check_walks(pattern: str, grammar: Grammar, rng: np.random.Generator) -> None:
    """Checks walks over a random vocabulary, whose tokens may be parts of characters or several of them."""
    pool = "".join(ALPHABET * 3).encode() + "éä京".encode()
    cuts = [sorted(rng.integers(0, len(pool), 2)) for _ in range(30)]
    strings = [bytes([byte]) for byte in range(256)] + [pool[a : min(b, a + 5) + 1] for a, b in cuts]
    lifted = token_grammar(grammar, strings)
    for _ in range(4):
        ids = lifted.walk(rng, 300)
        if ids[-1] == EOS:
            text = b"".join(strings[number - 2] for number in ids[1:-1]).decode()
            assert grammar.accepts(byte_ids(text))
            # The time that `re` takes can double with every character.
            assert len(text) > 12 or matches(pattern, text), (pattern, text)


@pytest.mark.parametrize(
    "pattern", [r"\w", r"\d", r"\s", ".", "(?s:.)", r"[^\W\d]", "(?i:[k-s])", r"[\u0370-\u03ff]", "(?a:\\W)"]
)
def test_classes_have_the_characters_of_re_in_all_of_unicode(pattern):
    grammar, rng = grammar_of(pattern), np.random.default_rng(1)
    edges = [0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF]
    for point in [*range(0x250), *edges, *rng.integers(0x250, 0xD800, 500), *rng.integers(0xE000, 0x110000, 500)]:
        text = chr(int(point))
        assert grammar.accepts(byte_ids(text)) == matches(pattern, text), hex(point)


@pytest.mark.parametrize("pattern", ["^a+$", r"\Aa|b\Z", "(^a)b", "(?m)^a$", "(?x) a  b # c", "(?P<n>a)b"])
def test_anchors_at_the_edges_and_flags_are_supported(pattern):
    grammar = grammar_of(pattern)
    for text in ["a", "aa", "ab", "b", "a\n", "\na", "", "a b"]:
        assert grammar.accepts(byte_ids(text)) == matches(pattern, text), text


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        ("a(?=b)", "looks ahead or behind"),
        ("(?<!a)b", "looks ahead or behind"),
        (r"(a)\1", "refers back to a group"),
        (r"(a)?(?(1)b|c)", "refers back to a group"),
        ("(?>a|b)", "atomic group"),
        ("a*+b", "possessive repeat"),
        (r"a\bb", "edge of a word"),
        ("a$b", "anchor inside"),
        ("(a^)*", "anchor inside"),
        ("[", "not a regular expression"),
        ("(" * 5000, "groups within groups"),
        ("a{99999999999999}", "not a regular expression"),
    ],
)
def test_an_unsupported_pattern_is_one_sentence(pattern, sentence):
    with pytest.raises(InvalidValue, match=sentence) as caught:
        character_automaton(pattern)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (r"[^\s\S]", "No text matches"),
        ("a[^\\w\\W]|[^\\d\\D]+", "No text matches"),
        ("\ud800", "No text matches"),
        ("(a{1000}){1000}", "needs too large an automaton"),
        ("(a|b)*a(a|b){20}", "needs too large an automaton"),
        ("(a?){3000}", "needs too large an automaton"),
    ],
)
def test_a_pattern_that_matches_nothing_or_is_too_large_is_one_sentence(pattern, sentence):
    with pytest.raises(ImpossibleConstraints, match=sentence):
        character_automaton(pattern)


@pytest.mark.parametrize("pattern", ["(){4000000000}", "(){3,4000000000}x", "(|()){7}", "a(){0,9}b"])
def test_an_empty_group_stays_empty_however_often_it_is_repeated(pattern):
    """`re` itself is the reference, with a bound that it can count to."""
    reference = re.compile(pattern.replace("4000000000", "40"))
    grammar = byte_grammar(character_automaton(pattern))
    for text in ("", "x", "ab", "a", "xx"):
        assert grammar.accepts(byte_ids(text)) == bool(reference.fullmatch(text)), text


def test_groups_within_groups_are_read_or_refused_in_one_sentence():
    assert character_automaton("(" * 90 + "a" + ")" * 90)
    with pytest.raises(InvalidValue, match="groups within groups") as caught:
        character_automaton("(" * 5000 + "a" + ")" * 5000)
    assert len(str(caught.value)) < 300

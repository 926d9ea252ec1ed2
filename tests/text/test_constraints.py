"""Constraints hold for every random document of the grammar, with every tokenizer."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from seqgen_text.constraints import any_text, of_length, parse_length, starting_with, without
from texts import TOKENIZERS

from seqgen import BOS, EOS, Grammar, ImpossibleConstraints, UsageError
from seqgen.grammar import intersect

TEXTS = ["".join(letters) for size in range(6) for letters in itertools.product("abé", repeat=size)]


def texts(domain, seeds: int = 8, **constraints) -> list[str]:
    """Returns the texts of random walks of the constrained grammar that end."""
    grammar = domain.grammar(domain.Constraints.from_mapping(constraints, "constraint"))
    walks = [grammar.walk(np.random.default_rng(seed), 2000) for seed in range(seeds)]
    assert any(walk[-1] == EOS for walk in walks)
    return [domain.decode(walk) for walk in walks if walk[-1] == EOS]


def accepted(grammar: Grammar) -> set[str]:
    spelled = {text: np.array([BOS, *(2 + byte for byte in text.encode()), EOS], np.int32) for text in TEXTS}
    return {text for text, ids in spelled.items() if grammar.accepts(ids)}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_all_constraints_hold_at_once(domains, tokenizer):
    for text in texts(domains[tokenizer], pattern="[Ta-z .]*", length="20-30", starts_with="The ", forbid="zz|q"):
        assert re.fullmatch("[Ta-z .]*", text)
        assert 20 <= len(text) <= 30
        assert text.startswith("The ")
        assert "zz" not in text
        assert "q" not in text


@pytest.mark.parametrize("tokenizer", ["byte", "character", "bpe"])
def test_useful_patterns(domains, tokenizer):
    for pattern in (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        r'\{"name": "\w{1,9}", "n": \d+\}',
        r"- \w{1,5}(\n- [a-z]+){2}",
        "いろは.{1,5}ß",
    ):
        assert all(re.fullmatch(pattern, text) for text in texts(domains[tokenizer], pattern=pattern))


@pytest.mark.parametrize(
    ("length", "minimum", "maximum"), [("4", 4, 4), ("2-3", 2, 3), ("-2", 0, 2), ("3-", 3, 9), ("0", 0, 0)]
)
def test_length_counts_characters(length, minimum, maximum, domains):
    grammar = intersect(any_text(), of_length(*parse_length(length)))
    assert accepted(grammar) == {text for text in TEXTS if minimum <= len(text) <= maximum}
    for tokenizer in ("byte", "bpe"):
        assert all(len(text) == 7 for text in texts(domains[tokenizer], length=7))


def test_beginnings_and_forbidden_strings_by_brute_force():
    assert accepted(starting_with("éa")) == {text for text in TEXTS if text.startswith("éa")}
    for words in (["ab"], ["a", "é"], ["aab", "ab", "ba"], ["éé", "bab"], ["aba", "bb"]):
        grammar = without(words)
        assert accepted(grammar) == {text for text in TEXTS if not any(word in text for word in words)}, words


@pytest.mark.parametrize(
    ("constraints", "sentence"),
    [
        ({"pattern": "[^\\s\\S]"}, "No text matches the pattern"),
        ({"pattern": "a{10}", "length": "5"}, "satisfies the pattern and length=5 at once"),
        ({"pattern": "a*b.{20,}", "length": "-10"}, "satisfies the pattern and length=-10 at once"),
        ({"starts_with": "abc", "forbid": "b"}, "starts_with=abc and forbid=b at once"),
        ({"length": "300000"}, "more than 200000 states"),
    ],
)
def test_impossible_constraints_are_one_sentence_before_sampling(domains, constraints, sentence):
    domain = domains["byte"]
    with pytest.raises(ImpossibleConstraints, match=sentence) as caught:
        domain.grammar(domain.Constraints.from_mapping(constraints, "constraint"))
    assert str(caught.value).count(". ") == 0


def test_tables_that_are_too_large_are_one_sentence(domains, monkeypatch):
    monkeypatch.setattr("seqgen_text.token_grammar.MAX_CELLS", 100_000)
    domain = domains["bpe"]
    with pytest.raises(ImpossibleConstraints, match="too much; ask for something shorter or simpler"):
        domain.grammar(domain.Constraints(length="50"))


def test_a_text_that_the_vocabulary_cannot_write_is_one_sentence(domains):
    domain = domains["word"]
    with pytest.raises(ImpossibleConstraints, match="tokens of this model cannot write"):
        domain.grammar(domain.Constraints(pattern="zebra"))


@pytest.mark.parametrize(
    ("constraints", "sentence"),
    [
        ({"length": "5-2"}, "the minimum is above the maximum"),
        ({"length": "-"}, "a length is 80"),
        ({"length": "many"}, "a length is 80"),
        ({"forbid": "a||b"}, "contains the empty string"),
        ({"pattern": "("}, "not a regular expression"),
        ({"patern": "a"}, "did you mean 'pattern'"),
    ],
)
def test_invalid_constraints_are_one_sentence(domains, constraints, sentence):
    domain = domains["byte"]
    with pytest.raises(UsageError, match=sentence):
        domain.grammar(domain.Constraints.from_mapping(constraints, "constraint"))


@pytest.mark.parametrize("name", ["pattern", "starts_with", "forbid"])
def test_a_very_long_constraint_is_refused_at_once(domains, name):
    with pytest.raises(UsageError, match="20000"):
        domains["byte"].Constraints.from_mapping({name: "ab" * 10_001}, "constraint")


def test_a_pattern_with_too_many_bytes_is_one_sentence(domains):
    domain = domains["byte"]
    with pytest.raises(ImpossibleConstraints, match="needs too large an automaton"):
        domain.grammar(domain.Constraints.from_mapping({"pattern": ".{20000}"}, "constraint"))

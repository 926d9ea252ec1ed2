"""The laws of a domain hold with every tokenizer, and what cannot be text is refused."""

from __future__ import annotations

import numpy as np
import pytest
from seqgen_text.domain import TextDomain
from seqgen_text.tokenization.token_names import BYTES, token_name
from texts import TOKENIZERS, learned

from seqgen import BundleError, UnusableFile, Vocabulary
from seqgen.contract.testing import check_domain


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_the_laws_of_a_domain(tokenizer, tmp_path):
    path = tmp_path / "some.txt"
    path.write_text("The quick dog sleeps.", encoding="utf-8")
    # Only with one token a byte has every text exactly one sequence of ids.
    check_domain(learned(tokenizer), [path], walks=30, exact=tokenizer == "byte")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_every_walk_is_a_text(domains, tokenizer):
    """Every sample is valid UTF-8: a character that is started is finished."""
    domain = domains[tokenizer]
    for seed in range(30):
        ids = domain.grammar().walk(np.random.default_rng(seed), 200)
        data = b"".join(domain.tokenizer.strings[number - 2] for number in ids.tolist() if number > 1)
        if ids[-1] == 1:
            assert data.decode("utf-8") == domain.decode(ids)
        else:
            assert data.decode("utf-8", "ignore").startswith(domain.decode(ids))


def test_a_text_cut_inside_a_character_loses_only_that_character(domains):
    for unit in ("byte", "bpe"):
        domain = domains[unit]
        ids = domain.encode("aß京😀z").ids[:-1]
        seen = [domain.decode(ids[:size]) for size in range(1, len(ids) + 1)]
        assert set(seen) == {"", "a", "aß", "aß京", "aß京😀", "aß京😀z"}


def test_a_vocabulary_of_another_tokenizer_is_refused():
    for unit, names in {"word": ["a"], "character": [*map(token_name, BYTES), "<0xE2><0x82>"], "bpe": ["a"]}.items():
        with pytest.raises(BundleError, match="does not fit the tokenizer"):
            TextDomain(TextDomain.Settings(tokenizer=unit), Vocabulary(names))


def test_half_a_surrogate_pair_is_not_a_text(domains):
    with pytest.raises(UnusableFile, match="surrogate"):
        domains["byte"].encode("\ud800")


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"merges": None},
        {"merges": 7},
        {"merges": [["t"]]},
        {"merges": [["t", "h", "e"]]},
        {"merges": ["the"]},
        {"merges": [[1, 2]]},
        {"merges": [[["t"], "h"]]},
        {"merges": [["t", "unknown"]]},
        {"merges": [["<0x00>", "<0x00>"]]},
    ],
)
def test_invalid_merges_are_one_sentence(state):
    domain = learned("bpe")
    with pytest.raises(BundleError, match=r"^The vocabulary does not fit the tokenizer 'bpe' \([^.]*BPE merges[^.]*\)"):
        TextDomain(domain.settings, domain.vocabulary, state)


def test_a_state_that_the_tokenizer_does_not_have_is_refused():
    domain = learned("word")
    with pytest.raises(BundleError, match="learned state"):
        TextDomain(domain.settings, domain.vocabulary, {"merges": []})

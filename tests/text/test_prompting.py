"""Prompts of text, what follows them, and streaming output."""

from __future__ import annotations

import re

import numpy as np
import pytest
from texts import TOKENIZERS, random_texts

from seqgen import ImpossibleConstraints


def test_constraints_hold_for_what_follows_a_prompt(domains):
    for tokenizer in ("byte", "character", "bpe"):
        domain = domains[tokenizer]
        prompt = domain.prompting.prompt("The dog ß: ", domain.Constraints(pattern="[0-9]{3}"))
        assert domain.decode(prompt.ids) == "The dog ß: "
        assert prompt.grammar.unroll(prompt.ids).tolist()[-1] == len(prompt.ids) - 1
        for seed in range(5):
            ids = prompt.grammar.walk(np.random.default_rng(seed))
            assert re.fullmatch("The dog ß: [0-9]{3}", domain.decode(ids))
            assert ids[: len(prompt.ids)].tolist() == prompt.ids.tolist()
        plain = domain.prompting.prompt("The dog", domain.Constraints())
        assert plain.grammar is domain.grammar()


def test_a_prompt_too_long_for_constraints_is_one_sentence(domains, monkeypatch):
    monkeypatch.setattr("seqgen_text.prompting.MAX_CELLS", 5000)
    domain = domains["byte"]
    with pytest.raises(ImpossibleConstraints, match="A prompt of 20 tokens is too long"):
        domain.prompting.prompt("x" * 20, domain.Constraints(pattern="a"))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_a_stream_yields_whole_characters(domains, tokenizer):
    domain = domains[tokenizer]
    for text in random_texts(20, 3):
        ids, rng = domain.encode(text).ids, np.random.default_rng(0)
        cuts = np.sort(rng.integers(0, len(ids), 5))
        chunks = list(domain.prompting.stream_text(np.split(ids, cuts)))
        assert "".join(chunks) == domain.decode(ids)
        assert "\ufffd" not in "".join(chunks) or "\ufffd" in text

"""Prompts with a label, a beginning and the constraints of the base."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from labelled_texts import learned
from seqgen_sentiment.domain import SentimentDomain
from seqgen_sentiment.labelled_item import LabelledItem

from seqgen import BOS, UnknownName, UsageError


def test_a_prompt_has_the_label_the_beginning_and_the_constraints_of_the_base():
    domain = learned()
    constraints = domain.Constraints.from_mapping({"label": "neg", "pattern": "the .{10,20}"}, "constraint")
    prompt = domain.prompting.prompt(None, constraints)
    rng = np.random.default_rng(1)
    for _ in range(20):
        made = domain.decode(prompt.grammar.walk(rng))
        assert made.label == "neg"
        assert re.fullmatch("the .{10,20}", made.content)
    begun = domain.prompting.prompt(domain.prompting.from_text("the film"), domain.Constraints(label="pos"))
    names = [[domain.vocabulary[number] for number in ids] for ids in (begun.ids, begun.unconditional)]
    assert names == [["<bos>", "label:pos", "the", " film"], ["<bos>", "<unlabelled>", "the", " film"]]
    free = domain.prompting.prompt()
    assert free.ids.tolist() == [BOS, domain.vocabulary.ids["<unlabelled>"]]
    assert free.unconditional is None
    assert all(domain.decode(free.grammar.walk(rng)).label for _ in range(20))
    with pytest.raises(UnknownName, match=r"no label 'great'; .*neg, pos"):
        domain.prompting.prompt(None, domain.Constraints(label="great"))


def test_labelled_music_has_the_requested_length():
    settings = SentimentDomain.Settings.from_mapping({"base": "midi", "base.encoding": "performance"})
    domain = SentimentDomain(settings, SentimentDomain(settings).learn([[label, None] for label in "abab"]).vocabulary)
    start = domain.prompting.prompt(None, domain.Constraints(label="a", seconds=3))
    for seed in range(5):
        found = domain.decode(start.grammar.walk(np.random.default_rng(seed), 20_000, start.ids))
        assert found.label == "a"
        assert 2 <= found.content.seconds(found.content.start).max() < 3


def test_labelled_chorales_know_their_key_and_their_end():
    settings = SentimentDomain.Settings.from_mapping({"base": "midi"})
    learned_labels = SentimentDomain(settings).learn([[label, None] for label in "abab"])
    domain = SentimentDomain(settings, learned_labels.vocabulary, learned_labels.state)
    for label in ("a", None):
        start = domain.prompting.prompt(None, domain.Constraints(label=label, key="Dmin", bars=3))
        base = domain.base.prompting.prompt(None, domain.base.Constraints(key="Dmin", bars=3))
        key = start.choice.draw(np.random.default_rng(0))
        assert start.choice.draw(np.random.default_rng(1)) == key == base.choice.draw(np.random.default_rng(0))
        prompt = start.choice.resolve(key)
        assert prompt.unconditional.tolist() == [BOS, domain.layout.unlabelled]
        ids = prompt.grammar.walk(np.random.default_rng(2))
        assert prompt.conditions.after == base.conditions.after + 1
        known = prompt.conditions.draw(ids[: prompt.conditions.after], np.random.default_rng(3))
        content = domain.layout.document(ids)[0]
        expected = base.choice.resolve(key).conditions
        assert np.array_equal(known, expected.draw(content[: expected.after], np.random.default_rng(3)))
        assert domain.decode(ids).label == label or label is None


def test_a_document_without_its_prompt_keeps_its_label():
    domain = learned()
    prompt = domain.prompting.prompt(domain.prompting.from_text("the film"), domain.Constraints(label="pos"))
    ids = prompt.grammar.walk(np.random.default_rng(3))
    whole = np.concatenate([prompt.ids, domain.encode(LabelledItem(" is good", None)).ids[2:]])
    whole[-2] = domain.layout.unlabelled
    for document in (ids, whole, whole[:-3]):
        rest = domain.decode(domain.prompting.without_prompt(document, len(prompt.ids)))
        assert rest.label == "pos"
    assert domain.decode(domain.prompting.without_prompt(whole, len(prompt.ids))).content == " is good"


def test_a_base_that_says_by_a_function_what_is_legal_is_refused(monkeypatch):
    domain = learned()
    base = domain.prompting.wrapped.prompt()
    monkeypatch.setattr(domain.prompting.wrapped, "prompt", lambda *_: replace(base, accepts=lambda ids: True))
    with pytest.raises(UsageError, match="cannot ask the domain 'text' which documents are legal"):
        domain.prompting.prompt()

"""The oracle beside the model read one document at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine import toys

from seqgen.contract.documents import Prompt
from seqgen.engine.scoring.introspection import Introspector
from seqgen.grammar import BOS, unconstrained
from seqgen.workflows import model_oracle
from seqgen.workflows.model_oracle import ModelOracle


@pytest.fixture(scope="module")
def documents(trained):
    grammar = trained.domain.grammar()
    return [grammar.walk(np.random.default_rng(seed), 60) for seed in range(11)]


def test_scores_are_those_of_each_document_alone(trained, documents):
    for document, nats in zip(documents, trained.oracle.score(documents), strict=True):
        probabilities = trained.probabilities(document)
        expected = -np.log(probabilities[np.arange(len(document) - 1), document[1:]])
        np.testing.assert_allclose(nats[1:], expected, atol=1e-4)
        assert nats[0] == 0
    assert trained.oracle.score([]) == []


def test_probabilities_after_prefixes_are_those_of_each_alone(trained, documents):
    tokens = [2, 3, 5]
    prefixes = [document[: 3 + number] for number, document in enumerate(documents)]
    found = trained.oracle.log_probabilities(prefixes, tokens)
    assert found.shape == (len(prefixes), 3)
    for prefix, row in zip(prefixes, found, strict=True):
        expected = trained.probabilities(prefix)[-1][tokens]
        np.testing.assert_allclose(np.exp(row), expected, atol=1e-5)
    assert trained.oracle.log_probabilities([], tokens).shape == (0, 3)


def test_ids_that_the_grammar_forbids_are_a_value_error(trained):
    with pytest.raises(ValueError, match="position 1"):
        trained.oracle.score([np.array([BOS, BOS])])


def test_a_model_without_attention_has_none_to_show(trained, documents):
    assert trained.oracle.attention(documents) is None


def test_documents_are_generated_from_a_prompt(trained):
    prompt = trained.domain.prompting.prompt()
    documents = trained.oracle.generate(prompt, 2, max_new_tokens=20, seed=3)
    assert [document[0] for document in documents] == [BOS, BOS]
    assert all(len(document) <= 21 for document in documents)
    again = trained.oracle.generate(prompt, 2, max_new_tokens=20, seed=3)
    assert [document.tolist() for document in again] == [document.tolist() for document in documents]


def test_a_search_of_many_prompts_finds_what_each_finds_alone(trained, documents):
    prompts = [
        Prompt(document[: 2 + number % 4], trained.domain.grammar()) for number, document in enumerate(documents)
    ]
    shared = [replace(prompt, grammar=prompts[0].grammar) for prompt in prompts[:9]] + prompts[9:]
    found = trained.oracle.search(shared, num_beams=3, count=2, max_new_tokens=8)
    assert len(found) == len(prompts)
    for prompt, hypotheses in zip(prompts, found, strict=True):
        (alone,) = trained.oracle.search([prompt], num_beams=3, count=2, max_new_tokens=8)
        assert [one.ids.tolist() for one in hypotheses] == [one.ids.tolist() for one in alone]
        assert [one.score for one in hypotheses] == pytest.approx([one.score for one in alone], rel=1e-4)
        assert hypotheses[0].ids[: len(prompt.ids)].tolist() == prompt.ids.tolist()
    assert trained.oracle.search([], max_new_tokens=8) == []


def test_prompts_of_one_grammar_are_searched_together_by_length():
    grammars = unconstrained(5), unconstrained(5)
    lengths = [(3, 0), (1, 1), (2, 0), (9, 0)]
    prompts = [Prompt(np.full(length, BOS, np.int32), grammars[which]) for length, which in lengths]
    assert model_oracle.search_groups(prompts) == [[1], [2, 0, 3]]


def test_attention_maps_have_the_attention_after_every_prefix():
    model = toys.model()
    oracle = ModelOracle(model, None, Introspector(model), None)
    document = toys.documents(1, seed=5)[0][:9]
    (found,) = oracle.attention_maps([document])
    assert found.shape == (9, 9)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    for length in (1, 5, 9):
        (expected,) = oracle.attention([document[:length]])
        np.testing.assert_allclose(found[length - 1, :length], expected, atol=1e-5)
        assert not found[length - 1, length:].any()


def test_samples_of_many_prompts_are_those_of_each_alone(trained, documents, monkeypatch):
    monkeypatch.setattr(model_oracle, "MAX_GENERATED_TOGETHER", 8)
    grammar = trained.domain.grammar()
    prompts = [Prompt(document[: 2 + number % 4], grammar) for number, document in enumerate(documents[:5])]
    prompts[2] = replace(prompts[2], guidance=2.0, unconditional=prompts[2].ids)
    found = trained.oracle.generate_each(prompts, 2, max_new_tokens=8, seed=3)
    for number, (prompt, drawn) in enumerate(zip(prompts, found, strict=True)):
        assert [document[: len(prompt.ids)].tolist() for document in drawn] == [prompt.ids.tolist()] * 2
        if number == 0:
            alone = trained.oracle.generate(prompt, 2, max_new_tokens=8, seed=3)
            assert [one.tolist() for one in drawn] == [one.tolist() for one in alone]
        for document in drawn:
            grammar.unroll(document)
            assert len(document) <= len(prompt.ids) + 8
    (again,) = trained.oracle.generate_each(prompts[:1], 2, max_new_tokens=8, seed=3)
    assert [one.tolist() for one in again] == [one.tolist() for one in found[0]]
    assert trained.oracle.generate_each([], 2, max_new_tokens=8, seed=3) == []

"""A trained model from Python: infilling, and what goes on inside."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import seqgen
from seqgen import BOS, ImpossibleConstraints, UsageError
from seqgen.workflows.prompt_preparation import PromptPreparation


def test_tokens_that_are_given_are_drawn_around(trained, tmp_path):
    grammar = trained.domain.grammar(trained.domain.Constraints(bars=2, time_signature="4/4"))
    melody = grammar.walk(np.random.default_rng(3))[1:]
    melody[np.arange(len(melody)) % 4 != 0] = -1
    given = melody != -1
    samples = trained.infill(melody, 2, num_particles=8, constraints={"time_signature": "4/4"}, seed=1)
    for sample in samples:
        assert trained.domain.grammar().accepts(sample.ids)
        assert sample.ids[1:][: len(melody)][given].tolist() == melody[given].tolist()
        assert sample.log_evidence < 0
        assert all(file.stat().st_size for file in trained.write(sample, tmp_path))
    assert samples[0].ids.tolist() != samples[1].ids.tolist()
    with pytest.raises(seqgen.UsageError, match="give tokens within the document"):
        trained.infill(melody, prompt=tmp_path / "midi-filled-1-1.mid", constraints={"harmonise": "S"})


def test_a_stream_of_ids_is_the_sample_of_the_same_number(trained):
    request = {"constraints": {"bars": 2, "time_signature": "2/4"}, "seed": 5}
    drawn = list(trained.stream_ids(1, **request))
    np.testing.assert_array_equal(np.concatenate(drawn), trained.sample(2, **request)[1].ids)
    assert drawn[0].tolist() == [BOS]
    start = trained.prepare(request["constraints"])
    np.testing.assert_array_equal(trained.sample(2, prompt=start, seed=5)[1].ids, np.concatenate(drawn))


def test_where_places_are_not_known_an_automaton_says_what_is_given(trained, monkeypatch):
    domain = trained.domain
    narrow = domain.grammar(domain.Constraints(bars=1, time_signature="4/4", key="Gmaj"))
    start = seqgen.Prompt(np.array([0], np.int32), domain.grammar(), narrow)
    monkeypatch.setattr(domain.prompting, "prompt", lambda item, constraints: start)
    # The shared model keeps prompts, which other tests would get.
    monkeypatch.setattr(trained, "_preparation", PromptPreparation(domain, trained.model))
    (sample,) = trained.sample(1, num_particles=2, seed=4)
    assert narrow.accepts(sample.ids)
    assert sample.log_evidence < 0
    assert sample.label == "filled-4-1"


def with_prompt_function(trained, monkeypatch, **functions):
    """Lets the prompts of a model's domain say by a function what is legal."""
    monkeypatch.setattr(trained, "_preparation", PromptPreparation(trained.domain, trained.model))
    prompt = trained.domain.checked_prompt

    def checked_prompt(item=None, constraints=None):
        return replace(prompt(item, constraints), **functions)

    monkeypatch.setattr(trained.domain, "checked_prompt", checked_prompt)


def test_a_domain_may_reject_whole_candidates(trained, monkeypatch):
    lengths = [len(sample.ids) for sample in trained.sample(6, constraints={"bars": 2}, seed=1)]
    limit = sorted(lengths)[2]
    with_prompt_function(trained, monkeypatch, accepts=lambda ids: len(ids) <= limit)
    again = [len(sample.ids) for sample in trained.sample(6, constraints={"bars": 2}, seed=1)]
    assert max(again) <= limit
    assert [new for new, old in zip(again, lengths, strict=True) if old <= limit] == [
        old for old in lengths if old <= limit
    ]
    with_prompt_function(trained, monkeypatch, accepts=lambda ids: False)
    with pytest.raises(ImpossibleConstraints, match="Nothing was found that keeps all that was asked for"):
        trained.sample(1, constraints={"bars": 1})
    with pytest.raises(ImpossibleConstraints, match="The beams found nothing that keeps all"):
        trained.beam_search(1, num_beams=2, constraints={"bars": 1})
    with pytest.raises(UsageError, match="A call that gives tokens itself cannot ask this domain"):
        trained.infill(np.array([-1]))


def test_a_domain_may_mask_the_next_token_by_a_function(trained, monkeypatch):
    free = trained.sample(2, constraints={"bars": 1}, seed=4)
    counts = Counter(int(number) for sample in free for number in sample.ids[1:-1])
    seen = []

    def all_but_the_commonest(ids):
        seen.append(ids)
        mask = np.ones(len(trained.domain.vocabulary), bool)
        mask[commonest] = False
        return mask

    grammar = trained.domain.checked_prompt(None, trained.domain.Constraints(bars=1)).grammar
    is_open = grammar.allowed.any(1)

    def can_be_left_out(token):
        return (np.delete(grammar.allowed, token, 1).any(1) == is_open).all()

    commonest = next(token for token, _ in counts.most_common() if can_be_left_out(token))
    with_prompt_function(trained, monkeypatch, next_tokens=all_but_the_commonest)
    masked = trained.sample(2, constraints={"bars": 1}, seed=4)
    assert not any(commonest in sample.ids for sample in masked)
    assert all(ids[0] == BOS for ids in seen)
    with_prompt_function(trained, monkeypatch, next_tokens=lambda ids: np.ones(len(trained.domain.vocabulary), bool))
    every = trained.sample(2, constraints={"bars": 1}, seed=4)
    assert all(sample.ended for sample in every)

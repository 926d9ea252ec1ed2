"""Importance sampling: the exact conditional distribution and evidence, found by enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine import toys
from seqgen.engine.decoding.importance_sampling import ImportanceSampler
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import ImpossibleConstraints, InvalidValue, UsageError
from seqgen.grammar import BOS, EOS, Budget, build_grammar, intersect, with_budget

START = np.array([BOS], np.int32)


def test_candidates_are_weighted_by_the_likelihood_of_what_the_automaton_asks():
    """Documents of exactly two tokens, beside their enumeration."""

    def moves(length):
        yield from ((token, length + 1) for token in (2, 3, 4, 5) if length < 2)
        if length == 2:
            yield EOS, length

    model = toys.model(toys.forked(), attention_window=2)
    scorer = Scorer(model)
    automaton = intersect(toys.forked(), build_grammar(6, 0, moves))
    pairs = [np.array([BOS, *tokens, EOS], np.int32) for tokens in itertools.product((2, 3, 4, 5), repeat=2)]
    exact = {
        tuple(ids.tolist()): float(np.exp(-scorer.negative_log_likelihood(ids).sum()))
        for ids in pairs
        if automaton.accepts(ids)
    }
    evidence, count, importance_sampler = sum(exact.values()), 40, ImportanceSampler(Sampler(model), scorer)
    for ids in (np.array(ids, np.int32) for ids in exact):
        second, end = scorer.probabilities(ids)[1:3]
        assert importance_sampler.log_weight(ids, automaton, 1) == pytest.approx(
            np.log((1 - second[EOS]) * end[EOS]), abs=1e-4
        )
    made = importance_sampler.sample(
        START, automaton, count=count, max_new_tokens=toys.MAX_FORKED_LENGTH, seed=2, num_particles=8
    )
    drawn = [tuple(ids.tolist()) for ids in made.samples]
    assert set(drawn) <= set(exact)
    distance = sum(abs(drawn.count(ids) / count - p / evidence) for ids, p in exact.items()) / 2
    expected = sum(np.sqrt(2 * p / evidence * (1 - p / evidence) / np.pi / count) for p in exact.values()) / 2
    assert distance < expected + 3 * 0.5 / np.sqrt(count)
    estimates = np.exp(made.log_evidence) / evidence
    assert abs(estimates.mean() - 1) < 4 * estimates.std() / np.sqrt(count)
    assert 0 < estimates.std() < 0.5


def test_a_budget_or_an_impossible_number_of_particles_is_refused():
    counted = with_budget(toys.shifting(), Budget(toys.COST, 3, 3))
    with pytest.raises(UsageError, match="leave out how long it is"):
        ImportanceSampler(None, None).sample(START, counted, count=1, max_new_tokens=7, seed=0, num_particles=2)
    with pytest.raises(InvalidValue, match="particles cannot be 0"):
        ImportanceSampler(None, None).sample(START, toys.turns(), count=1, max_new_tokens=7, seed=0, num_particles=0)


def test_probabilities_that_are_not_numbers_weigh_least():
    model = toys.model()
    for weight in model.weights.values():
        weight.assign(np.full(weight.shape, np.nan))
    sampler = ImportanceSampler(Sampler(model), Scorer(model))
    result = sampler.sample(START, model.grammar, count=2, max_new_tokens=8, seed=0, num_particles=4)
    for ids in result.samples:
        model.grammar.unroll(ids)  # raises ValueError for a forbidden token


def test_candidates_that_break_a_relation_have_no_weight_and_the_evidence_is_that_of_the_others():
    grammar = toys.forced_end()
    model, relations = toys.model(grammar, attention_window=2), toys.zigzag_for(grammar)
    scorer = Scorer(model)
    exact = {}
    for first, second in itertools.product((2, 3, 4, 5), (2, 3, 4)):
        ids = np.array([BOS, first, second, 5, EOS], np.int32)
        if toys.is_zigzag(ids):
            exact[tuple(ids.tolist())] = float(np.exp(-scorer.negative_log_likelihood(ids).sum()))
    made = ImportanceSampler(Sampler(model), scorer).sample(
        START, grammar, count=60, max_new_tokens=9, seed=2, num_particles=16, relations=relations
    )
    assert {tuple(ids.tolist()) for ids in made.samples} <= set(exact)
    estimates = np.exp(made.log_evidence) / sum(exact.values())
    assert abs(estimates.mean() - 1) < 4 * estimates.std() / np.sqrt(60) + 1e-3
    with pytest.raises(ImpossibleConstraints, match="None of 4 candidates"):
        ImportanceSampler(Sampler(model), scorer).sample(
            np.array([BOS, 2, 3]), grammar, count=1, max_new_tokens=9, seed=2, num_particles=4, relations=relations
        )

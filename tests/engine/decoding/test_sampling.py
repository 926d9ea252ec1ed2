"""Sampling: legal, reproducible, distributed as the model says."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.decoding.interruption import DrawingStopped, stopped_by
from seqgen.engine.decoding.sampling import (
    CHUNK,
    STREAM_CHUNK,
    Sampler,
    draw_token,
    likeliest_token,
    random_generators,
)
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import BrokenStream, ImpossibleConstraints
from seqgen.grammar import BOS, EOS, Budget, Grammar, build_grammar, with_budget

START = np.array([BOS], np.int32)
COUNT = 64


@pytest.fixture(scope="module", params=[None, toys.repeating()], ids=["", "coordinates"])
def sampler(request):
    return Sampler(toys.model(registers=request.param))


@pytest.fixture(scope="module")
def scorer(sampler):
    return Scorer(sampler.model)


def test_sample_k_of_a_seed_is_the_same_at_any_batch(sampler):
    many = sampler.sample(START, sampler.model.grammar, count=COUNT, max_new_tokens=300, seed=7)
    for k in (0, 3, COUNT - 1):
        alone = sampler.sample(START, sampler.model.grammar, count=1, max_new_tokens=300, seed=7, numbers=[k])
        np.testing.assert_array_equal(alone[0], many[k])
    other = sampler.sample(START, sampler.model.grammar, count=COUNT, max_new_tokens=300, seed=8)
    assert any(not np.array_equal(a, b) for a, b in zip(many, other, strict=True))
    assert len({tuple(ids) for ids in many}) > 1


def test_samples_hear_their_own_conditions_after_what_these_depend_on_is_drawn():
    sampler = Sampler(toys.model(conditions=toys.ahead()))
    grammar, scorer, seen = sampler.model.grammar, Scorer(sampler.model), {}

    def of(number, ids):
        """Something that depends on the first token that is drawn, and on the sample."""
        seen[number] = ids.tolist()
        return np.concatenate([np.zeros((1, 2)), np.tile([[1 + ids[1] % 3, number % 3]], (200, 1))]).astype(np.int32)

    arguments = {"max_new_tokens": 40, "seed": 7, "conditions": ConditionSource(2, of)}
    options = SamplingOptions(temperature=0)
    made = sampler.sample(START, grammar, count=3, options=options, **arguments)
    assert {number: ids.tolist()[:2] for number, ids in enumerate(made)} == seen
    for number, ids in enumerate(made):
        alone = sampler.sample(START, grammar, count=1, numbers=[number], options=options, **arguments)
        np.testing.assert_array_equal(alone[0], ids)
        known = of(number, ids)

        def cost(document, known=known):
            return scorer.negative_log_likelihood(np.array(document, np.int32), conditions=known)[-1]

        # No other token is likelier than the one that was drawn, with the same conditions.
        for place in range(2, min(len(ids), 8)):
            before = ids[:place].tolist()
            allowed = np.flatnonzero(grammar.allowed[grammar.unroll(ids[:place])[-1]]).tolist()
            assert cost([*before, int(ids[place])]) < min(cost([*before, other]) for other in allowed) + 1e-4


def test_many_prompts_hear_their_own_conditions():
    sampler = Sampler(toys.model(conditions=toys.ahead()))
    grammar, limits = toys.turns(), {"count": 2, "max_new_tokens": 20}
    known = [toys.known_ahead(ids, np.random.default_rng(3)) for ids in toys.documents(2, seed=5)]
    random = [*random_generators(7, [0, 1]), *random_generators(7, [0, 1])]
    together = sampler.sample_each([START, START], grammar, **limits, random=random, conditions=known)
    for values, documents in zip(known, together, strict=True):
        source = ConditionSource(1, lambda number, ids, values=values: values)
        alone = sampler.sample(START, grammar, **limits, seed=7, conditions=source)
        assert [ids.tolist() for ids in documents] == [ids.tolist() for ids in alone]


def test_every_sample_is_a_document_of_the_grammar(sampler):
    for ids in sampler.sample(START, sampler.model.grammar, count=COUNT, max_new_tokens=2000, seed=0):
        assert sampler.model.grammar.accepts(ids)


def test_every_sample_in_bfloat16_is_a_document_of_the_grammar():
    sampler = Sampler(toys.model(registers=toys.repeating()), precision="bfloat16")
    for ids in sampler.sample(START, sampler.model.grammar, count=16, max_new_tokens=1000, seed=0):
        assert sampler.model.grammar.accepts(ids)


def test_streams_more_than_one_chunk_and_stops_at_the_longest():
    grammar = Grammar(np.arange(9)[None] > 1, np.zeros((1, 9), np.int32), 0)
    sampler = Sampler(toys.model(grammar))
    chunks = list(sampler.stream(START, grammar, count=2, max_new_tokens=CHUNK + 10, seed=1))
    assert [len(chunk) for chunk in chunks] == [STREAM_CHUNK] * (CHUNK // STREAM_CHUNK) + [10]
    whole = sampler.sample(START, grammar, count=2, max_new_tokens=CHUNK + 10, seed=1)
    np.testing.assert_array_equal(np.concatenate([[BOS], np.concatenate(chunks)[:, 1]]), whole[1])
    assert EOS not in whole[0]


def test_a_draw_that_was_asked_to_stop_stops():
    endless = Grammar(np.arange(9)[None] > 1, np.zeros((1, 9), np.int32), 0)
    stop = threading.Event()
    with stopped_by(stop):
        stream = Sampler(toys.model(endless)).stream(START, endless, count=1, max_new_tokens=2000, seed=0)
        next(stream)
        stop.set()
        with pytest.raises(DrawingStopped):
            list(stream)


def test_a_drawn_sequence_is_the_greedy_one_of_the_training_pass_at_temperature_0(sampler, scorer):
    grammar = sampler.model.grammar
    prompt = toys.documents(1, seed=3)[0][:-1]
    drawn = sampler.sample(prompt, grammar, count=1, max_new_tokens=30, seed=0, options=SamplingOptions(temperature=0))[
        0
    ]
    probabilities = scorer.probabilities(drawn[:-1])
    np.testing.assert_array_equal(probabilities[len(prompt) - 1 :].argmax(1), drawn[len(prompt) :])


@pytest.mark.parametrize("length", [1, 2, 63, 64, 65, 129])
def test_a_prompt_of_any_length_is_read_as_the_training_pass_reads_it(sampler, scorer, length):
    prompt = np.concatenate([[BOS], np.tile([3, 2, 5, 4, 7, 8], 30)])[:length].astype(np.int32)
    drawn = sampler.sample(
        prompt, sampler.model.grammar, count=1, max_new_tokens=1, seed=0, options=SamplingOptions(temperature=0)
    )[0]
    expected = scorer.probabilities(prompt)[-1].argmax()
    assert drawn[-1] == expected


def test_whole_documents_come_as_often_as_the_model_says():
    grammar = build_grammar(5, 0, lambda n: [(EOS, 0)] if n == 2 else [(2, n + 1), (3, n + 1), (4, n + 1)])
    model = toys.model(grammar, attention_window=2)
    sampler, scorer, count = Sampler(model), Scorer(model), 4000
    drawn = sampler.sample(START, grammar, count=count, max_new_tokens=3, seed=5)
    for a in (2, 3, 4):
        for b in (2, 3, 4):
            ids = np.array([BOS, a, b, EOS], np.int32)
            p = np.exp(-scorer.negative_log_likelihood(ids).sum())
            share = np.mean([np.array_equal(ids, one) for one in drawn])
            assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / count) + 1e-4


def test_the_draw_never_takes_what_is_forbidden_even_at_the_edges():
    logits = tf.constant([[-1e9, 1.0, -1e9, 2.0, -1e9]] * 4)
    drawn = draw_token(logits, logits > 0, tf.constant([0.0, 0.25, 0.3, 0.99999994]))
    assert drawn.numpy().tolist() == [1, 1, 3, 3]


@pytest.fixture(scope="module")
def sampler_of_nan():
    """A sampler of a model whose weights are not numbers."""
    model = toys.model()
    for weight in model.weights.values():
        weight.assign(tf.fill(weight.shape, np.nan))
    return Sampler(model)


@pytest.mark.parametrize("options", [{}, {"temperature": 0}, {"min_p": 0.1}, {"top_k": 2, "top_p": 0.5}], ids=str)
def test_no_forbidden_token_is_drawn_whatever_the_weights_are(sampler_of_nan, options):
    grammar = sampler_of_nan.model.grammar
    drawn = sampler_of_nan.sample(
        START, grammar, count=4, max_new_tokens=40, seed=0, options=SamplingOptions(**options)
    )
    for ids in drawn:
        grammar.unroll(ids)  # raises ValueError for a forbidden token


def test_draws_from_numbers_that_are_not_finite_are_allowed_tokens():
    logits = tf.constant([[np.nan] * 4, [np.inf, 1.0, 2.0, np.nan], [-np.inf, -np.inf, -np.inf, 5.0]])
    allowed = tf.constant([[False, False, True, False], [False, True, True, False], [False, True, True, False]])
    for token in (draw_token(logits, allowed, tf.constant([0.0, 0.5, 0.9])), likeliest_token(logits, allowed)):
        assert all(allowed.numpy()[np.arange(3), token])
    # Where there is nothing but numbers, the likeliest allowed token is taken.
    assert likeliest_token(tf.constant([[9.0, 1.0, 2.0, 3.0]]), allowed[1:2]).numpy().tolist() == [2]


def test_a_budget_is_kept_as_by_an_automaton_that_counts():
    budget = Budget(toys.COST, 6, 7)
    sampler = Sampler(toys.model(toys.shifting(), attention_window=2))
    prompt = np.array([BOS, 4, 3, 5], np.int32)
    drawn, expected = (
        sampler.sample(prompt, grammar, count=40, max_new_tokens=200, seed=2)
        for grammar in (with_budget(toys.shifting(), budget), toys.shifting_within(budget))
    )
    for ours, theirs in zip(drawn, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert {int(toys.COST[ids].sum()) for ids in drawn} == {6, 7}
    with pytest.raises(ValueError, match="costs more than is left"):
        sampler.sample(
            np.array([BOS, *[4, 3] * 4], np.int32),
            with_budget(toys.shifting(), budget),
            count=1,
            max_new_tokens=9,
            seed=0,
        )


def test_relations_are_kept_by_every_sample_and_leave_the_rest_as_likely_as_the_mask_says():
    model, relations, count = toys.model(toys.forked(), attention_window=2), toys.zigzag(), 4000
    scorer, exact = Scorer(model), {}
    drawn = Sampler(model).sample(
        START, toys.forked(), count=count, max_new_tokens=toys.MAX_FORKED_LENGTH, seed=5, relations=relations
    )
    for ids in {tuple(ids.tolist()) for ids in drawn}:
        ids = np.array(ids, np.int32)
        classes = toys.forked().state_class[toys.forked().unroll(ids)]
        kept = scorer.probabilities(ids[:-1]) * ~relations.forbidden_after(ids, classes)[:-1]
        exact[tuple(ids.tolist())] = float(np.prod(kept[np.arange(len(ids) - 1), ids[1:]] / kept.sum(1)))
        assert toys.is_zigzag(ids)
    assert sum(exact.values()) > 0.95
    for ids, p in exact.items():
        share = np.mean([tuple(one.tolist()) == ids for one in drawn])
        # One of count draws is a rare document by chance.
        assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / count) + 2 / count


def test_a_sample_without_a_way_on_is_drawn_again_and_a_stream_says_so():
    grammar = toys.forced_end()
    sampler = Sampler(toys.model(grammar, attention_window=2))
    arguments = {"count": 200, "max_new_tokens": 4, "seed": 0, "relations": toys.zigzag_for(grammar)}
    drawn = sampler.sample(START, grammar, **arguments)
    assert all(grammar.accepts(ids) and ids[1] >= ids[2] for ids in drawn)
    alone = sampler.sample(START, grammar, **{**arguments, "count": 1, "numbers": [199]})
    np.testing.assert_array_equal(alone[0], drawn[199])
    with pytest.raises(BrokenStream, match="nothing follows"):
        list(sampler.stream(START, grammar, **arguments))
    with pytest.raises(ImpossibleConstraints, match="attempts"):
        sampler.sample(np.array([BOS, 2, 3]), grammar, **{**arguments, "count": 2})


def test_a_prompt_may_break_a_relation_and_what_follows_it_does_not():
    model = toys.model(toys.forked(), attention_window=2)
    drawn = Sampler(model).sample(
        np.array([BOS, 3, 4, 5]), toys.forked(), count=50, max_new_tokens=9, seed=0, relations=toys.zigzag()
    )
    assert all(toys.is_zigzag(ids[2:]) for ids in drawn)

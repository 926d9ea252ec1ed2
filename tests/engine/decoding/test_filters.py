"""Every filter against its paper's definition, one row at a time in NumPy."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.decoding.filters import EnabledFilters, FilterStrengths, TokenHistory, apply_filters
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.errors import UnknownName
from seqgen.grammar import BOS, EOS, Grammar

VOCABULARY, ROWS = 11, 40
START = np.array([BOS], np.int32)


def softmax(row):
    return np.exp(row - row.max()) / np.exp(row - row.max()).sum()


def reference(logits, legal, past, options: SamplingOptions):
    """The distribution float64[V] to draw from, given the logits of one sequence and the tokens `past` of it."""
    z = np.where(legal, logits.astype(np.float64), -np.inf)
    for token in set(past):
        z[token] = z[token] / options.repetition_penalty if z[token] > 0 else z[token] * options.repetition_penalty
    n = options.no_repeat_ngram_size
    if n:
        ngrams = {tuple(past[place : place + n]) for place in range(len(past) - n + 1)}
        tail = tuple(past[len(past) - n + 1 :])
        out = [token for token in range(len(z)) if len(tail) == n - 1 and (*tail, token) in ngrams]
        if set(np.flatnonzero(legal)) - set(out):
            z[out] = -np.inf
    p = softmax(z / options.temperature)
    order = np.argsort(-p, kind="stable")
    if options.top_k:
        p[order[options.top_k :]] = 0
        p /= p.sum()
    nucleus = order[: int(np.searchsorted(np.cumsum(p[order]), options.top_p)) + 1]
    if options.top_p < 1:
        p[np.setdiff1d(order, nucleus)] = 0
    p[p < options.min_p * p.max()] = 0
    return p / p.sum()


@pytest.mark.parametrize(
    "options",
    [
        SamplingOptions(temperature=0.7),
        SamplingOptions(top_k=4),
        SamplingOptions(top_p=0.7),
        SamplingOptions(min_p=0.2),
        SamplingOptions(repetition_penalty=1.5),
        SamplingOptions(no_repeat_ngram_size=1),
        SamplingOptions(no_repeat_ngram_size=2),
        SamplingOptions(no_repeat_ngram_size=3),
        SamplingOptions(
            temperature=1.3, top_k=6, top_p=0.9, min_p=0.05, repetition_penalty=1.2, no_repeat_ngram_size=2
        ),
    ],
    ids=lambda options: str({name: value for name, value in asdict(options).items() if value}),
)
def test_a_filter_gives_the_distribution_of_its_definition(options):
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (ROWS, VOCABULARY)).astype(np.float32)
    legal = random.random((ROWS, VOCABULARY)) < 0.6
    legal[np.arange(ROWS), random.integers(VOCABULARY, size=ROWS)] = True
    # Few different tokens, so that n-grams do occur twice.
    pasts = random.integers(0, 4, (ROWS, 30)).astype(np.int32)
    history = TokenHistory(
        tf.constant(np.stack([np.isin(np.arange(VOCABULARY), tokens) for tokens in pasts])),
        tf.constant(np.concatenate([pasts.T, np.zeros((9, ROWS), np.int32)])),
        tf.constant(pasts.shape[1]),
    )
    enabled, strengths = EnabledFilters.from_options(options), FilterStrengths.from_options(options)
    made = apply_filters(tf.where(legal, logits, -1e9), tf.constant(legal), history, enabled, strengths)
    expected = [reference(*row, options) for row in zip(logits, legal, pasts.tolist(), strict=True)]
    np.testing.assert_allclose(tf.nn.softmax(made), expected, atol=1e-5)
    assert not np.any(tf.nn.softmax(made).numpy()[~legal])
    unfiltered = [softmax(np.where(ok, row, -np.inf)) for row, ok in zip(logits, legal, strict=True)]
    assert np.abs(np.array(expected) - unfiltered).max() > 0.05, "the filter did nothing here"


@pytest.fixture(scope="module")
def endless():
    """Anything may follow anything but EOS: long samples in which everything would occur again."""
    grammar = Grammar(np.arange(toys.VOCABULARY)[None] != EOS, np.zeros((1, toys.VOCABULARY), np.int32), 0)
    return Sampler(toys.model(grammar))


@pytest.mark.parametrize("enabled", [{"no_repeat_ngram_size": 2}, {"repetition_penalty": 1.8}], ids=str)
def test_the_loop_remembers_the_prompt_and_all_that_it_drew(endless, enabled):
    options = SamplingOptions(temperature=0, **enabled)
    prompt = np.array([BOS, 4, 7, 4, 2], np.int32)
    model = endless.model
    (drawn,) = endless.sample(prompt, model.grammar, count=1, max_new_tokens=70, seed=0, options=options)
    states = np.zeros((len(drawn), 1), np.int32)
    legal = model.grammar.allowed[0]
    x, _ = model.forward(tf.constant(drawn[:, None]), tf.constant(states), model.initial_memory(1))
    logits = model.logits(x, tf.constant(legal[None, None])).numpy()[:, 0]
    for length in range(len(prompt), len(drawn)):
        expected = reference(logits[length - 1], legal, drawn[:length].tolist(), replace(options, temperature=0.01))
        assert drawn[length] == expected.argmax(), length


def test_no_ngram_occurs_twice_until_nothing_else_is_left(endless):
    drawn = endless.sample(START, endless.model.grammar, count=20, max_new_tokens=70, seed=0,
                           options=SamplingOptions(no_repeat_ngram_size=2))  # fmt: skip
    for ids in drawn:
        pairs = list(zip(ids.tolist(), ids[1:].tolist(), strict=False))
        for place, (token, _) in enumerate(pairs):
            if pairs[place] in pairs[:place]:
                assert {(token, other) for other in range(2, toys.VOCABULARY)} <= set(pairs[:place])
    assert any(len(set(zip(ids.tolist(), ids[1:].tolist(), strict=False))) < 70 for ids in drawn), "none was cornered"


@pytest.fixture(scope="module")
def alternating():
    return Sampler(toys.model())


WRONG_FILTERS = {
    "allows forbidden tokens": lambda logits: tf.ones_like(logits) * 3,
    "not a number": lambda logits: logits * np.nan,
    "infinite": lambda logits: logits + np.inf,
    "forbids all": lambda logits: logits * 0 - 1e9,
}


@pytest.fixture(scope="module")
def with_wrong_filter(alternating):
    """A sampler whose named filter is that of `WRONG_FILTERS` with the number `value`: all are compiled at once."""

    def function(logits, allowed, value):
        return tf.gather(tf.stack([wrong(logits) for wrong in WRONG_FILTERS.values()]), tf.cast(value, tf.int32))

    return Sampler(alternating.model, lambda name, value: function)


@pytest.mark.parametrize("temperature", [0, 1])
@pytest.mark.parametrize("number", range(len(WRONG_FILTERS)), ids=list(WRONG_FILTERS))
def test_whatever_a_named_filter_returns_samples_keep_to_the_grammar(with_wrong_filter, number, temperature):
    grammar = with_wrong_filter.model.grammar
    options = SamplingOptions(temperature=temperature, filters={"any": number})
    for ids in with_wrong_filter.sample(START, grammar, count=8, max_new_tokens=20, seed=0, options=options):
        grammar.unroll(ids)


def test_named_filters_apply_last_and_in_the_order_of_their_names():
    calls = []

    def find(name, value):
        def function(logits, allowed, strength):
            calls.append((name, float(strength), logits.numpy().tolist()))
            return logits + strength

        return function

    options = SamplingOptions(temperature=2, filters={"b": 1, "a": 2})
    enabled, strengths = EnabledFilters.from_options(options, find), FilterStrengths.from_options(options)
    made = apply_filters(tf.constant([[4.0, 2.0]]), tf.constant([[True, True]]), TokenHistory(), enabled, strengths)
    assert calls == [("a", 2, [[2, 1]]), ("b", 1, [[4, 3]])]
    assert made.numpy().tolist() == [[5, 4]]


def test_another_value_compiles_nothing_anew(alternating):
    traced = []

    def function(logits, allowed, value):
        traced.append(value)
        return tf.where(tf.range(logits.shape[-1]) < 3, logits + value, logits)

    named = Sampler(alternating.model, lambda name, value: function)
    for value in (0.1, 0.2, 50):
        options = SamplingOptions(filters={"any": value})
        named.sample(START, alternating.model.grammar, count=1, max_new_tokens=5, seed=0, options=options)
    assert len(set(map(id, traced))) <= 2


def test_a_sampler_without_plugins_has_no_named_filters(alternating):
    with pytest.raises(UnknownName, match="no filter 'any'"):
        alternating.sample(START, alternating.model.grammar, count=1, max_new_tokens=5, seed=0,
                       options=SamplingOptions(filters={"any": 1}))  # fmt: skip

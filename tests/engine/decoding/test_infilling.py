"""Given tokens: the exact conditional distribution and evidence, found by enumeration."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
import tensorflow as tf

from engine import toys
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.decoding.infilling import ANY_TOKEN, CHUNK, Infiller, states_that_fit, systematic_resampling
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import ImpossibleConstraints, InvalidValue, UsageError
from seqgen.grammar import BOS, EOS, Budget, Conditions, Relations, with_budget

START = np.array([BOS], np.int32)
LONGEST = toys.MAX_FORKED_LENGTH
GIVEN = np.array([ANY_TOKEN, ANY_TOKEN, 4, ANY_TOKEN, 3, ANY_TOKEN], np.int32)
COUNT = 500
MANY = {"count": COUNT, "num_particles": 64}
FEW = {"count": 6, "num_particles": 8}
"""Tests draw one of these numbers of documents where they can, because each other number is compiled anew."""


def places() -> Conditions:
    """Every token moves on to the next step, and each step has one channel."""
    return Conditions(np.zeros(6, np.int32), np.ones((toys.forked().class_count, 1), bool), (5,))


KNOWN = np.array([[0], [1], [0], [4], [0], [3], [2], [1]], np.int32)
SOURCE = ConditionSource(1, lambda number, ids: KNOWN)
"""What is known ahead in all tests. A model without conditions does not hear it."""


MODELS = {
    "": {},
    "coordinates": {"registers": toys.last_tokens(), "seed": 2},
    "conditions": {"conditions": places()},
}
"""Their random weights find no given token nearly impossible: otherwise a few particles would decide the evidence."""
RELATIONS = {"": None, "relations": toys.zigzag()}
unless_conditions = pytest.mark.parametrize(
    "model", [MODELS[""], MODELS["coordinates"]], indirect=True, ids=list(MODELS)[:2]
)
"""For tests in which nothing is known ahead: each model is compiled for their numbers of documents."""


@pytest.fixture(scope="module", params=MODELS.values(), ids=MODELS)
def model(request):
    return toys.model(toys.forked(), attention_window=2, **request.param)


@pytest.fixture(scope="module")
def filler(model):
    return Infiller(Sampler(model))


@pytest.fixture(scope="module")
def scorer(model):
    return Scorer(model)


def likelihood_of(ids: np.ndarray, scorer: Scorer, relations: Relations | None) -> float:
    """p(document), or 0 if it breaks a relation. After the given 3, p is what the mask leaves."""
    p, drawn_freely = scorer.probabilities(ids[:-1], conditions=KNOWN), slice(np.flatnonzero(GIVEN == 3)[0] + 1, None)
    if relations is not None:
        if not toys.is_zigzag(ids):
            return 0.0
        classes = toys.forked().state_class[toys.forked().unroll(ids[:-1])]
        p[drawn_freely] *= ~relations.forbidden_after(ids[:-1], classes)[drawn_freely]
        p[drawn_freely] /= p[drawn_freely].sum(1, keepdims=True)
    return float(np.prod(p[np.arange(len(p)), ids[1:]]))


@pytest.fixture(scope="module")
def conditional_of(scorer):
    """Returns a function that returns ln p(GIVEN), and p(document | GIVEN) of every document that keeps relations."""

    @cache
    def conditional(relations):
        grammar, likelihood = toys.forked(), {}
        for first, second, fourth, *end in itertools.product(
            (2, 3, 4, 5), (2, 3, 4, 5), (2, 3, 4, 5), (EOS, 2, 3, 4, 5)
        ):
            ids = np.array([BOS, first, second, 4, fourth, 3, *end, *([EOS] if end != [EOS] else [])], np.int32)
            if grammar.accepts(ids) and (p := likelihood_of(ids, scorer, RELATIONS[relations])):
                likelihood[tuple(ids.tolist())] = p
        evidence = sum(likelihood.values())
        return np.log(evidence), {ids: p / evidence for ids, p in likelihood.items()}

    return conditional


@pytest.mark.parametrize("relations", RELATIONS)
@pytest.mark.parametrize("resample_below", [0.0, 0.5, 1.0])
def test_it_converges_to_the_exact_conditional_and_the_evidence_is_unbiased(
    filler, conditional_of, relations, resample_below
):
    log_evidence, exact = conditional_of(relations)
    made = filler.fill(START, toys.forked(), GIVEN, max_new_tokens=LONGEST, seed=3, resample_below=resample_below,
                       conditions=SOURCE, relations=RELATIONS[relations], **MANY)  # fmt: skip
    drawn = [tuple(ids.tolist()) for ids in made.samples]
    assert set(drawn) <= set(exact)
    shares = {ids: drawn.count(ids) / COUNT for ids in exact}
    distance = sum(abs(shares[ids] - p) for ids, p in exact.items()) / 2
    # The mean distance of COUNT exact draws, and 3 of its deviations (each draw moves it by 1 / COUNT at most).
    expected = sum(np.sqrt(2 * p * (1 - p) / np.pi / COUNT) for p in exact.values()) / 2
    assert distance < expected + 3 * 0.5 / np.sqrt(COUNT)
    estimates = np.exp(made.log_evidence - log_evidence)
    assert abs(estimates.mean() - 1) < 4 * estimates.std() / np.sqrt(COUNT)
    assert estimates.std() < 0.5


@unless_conditions
def test_given_tokens_may_break_relations_among_each_other_and_drawn_ones_may_not(filler):
    """The given 3, 4, 5 go up. Then a lower token is drawn, from which the given 4 goes up again."""
    arguments = {"max_new_tokens": LONGEST, "seed": 1, "relations": toys.zigzag(), **FEW}
    free = filler.fill(START, toys.forked(), np.array([3, 4, 5, ANY_TOKEN, 4, EOS]), **arguments)
    assert {int(ids[4]) for ids in free.samples} <= {2, 3}
    with pytest.raises(ImpossibleConstraints, match="after 32 attempts"):
        filler.fill(START, toys.forked(), np.array([3, 4, ANY_TOKEN, 2, EOS]), **arguments)


@unless_conditions
def test_what_the_model_finds_unlikely_is_made_likely_by_what_is_given(filler):
    """The trap takes its share of unconditional samples; given the 4, it takes none."""
    grammar = toys.forked()
    free = filler.fill(START, grammar, np.full(3, ANY_TOKEN), max_new_tokens=LONGEST, seed=0, **MANY)
    assert any(ids[1] == 2 for ids in free.samples)
    np.testing.assert_allclose(free.log_evidence, 0, atol=1e-6)
    made = filler.fill(START, grammar, GIVEN, max_new_tokens=LONGEST, seed=0, **MANY)
    assert all(ids[1] != 2 and ids[3] == 4 and ids[5] == 3 and grammar.accepts(ids) for ids in made.samples)


@unless_conditions
def test_what_may_be_any_but_one_token_is_never_that_one(filler, scorer):
    """p(any but 3 at the first place) is what the model says of it."""
    made = filler.fill(START, toys.forked(), np.array([ANY_TOKEN - 3]), max_new_tokens=LONGEST, seed=5, **MANY)
    p = scorer.probabilities(START)[0]
    np.testing.assert_allclose(made.log_evidence, np.log(p[[2, 4, 5]].sum()), rtol=1e-4)
    assert {int(ids[1]) for ids in made.samples} == {2, 4, 5}


@unless_conditions
def test_one_particle_is_drawn_as_the_model_likes_with_all_that_is_given(filler, scorer):
    made = filler.fill(
        START, toys.forked(), np.array([ANY_TOKEN, 4, EOS]), count=1, max_new_tokens=LONGEST, seed=5, num_particles=1
    )
    (ids,) = made.samples
    likely = scorer.probabilities(ids)
    assert ids[[2, 3]].tolist() == [4, EOS]
    # After a 2 no 4 comes, and none after another.
    expected = np.log((likely[0, [3, 5]].sum(), likely[1, 4], likely[2, EOS])).sum()
    assert made.log_evidence[0] == pytest.approx(expected, abs=1e-4)


@unless_conditions
def test_all_given_costs_what_scoring_says(filler, scorer):
    ids = np.array([BOS, 3, 4, 2, EOS], np.int32)
    nats = scorer.negative_log_likelihood(ids)
    made = filler.fill(ids[:2], toys.forked(), ids[2:], max_new_tokens=LONGEST, seed=0, **FEW)
    for sample, log_evidence in zip(made.samples, made.log_evidence, strict=True):
        np.testing.assert_array_equal(sample, ids)
        assert log_evidence == pytest.approx(-nats[2:].sum(), rel=1e-5)


def test_sample_k_does_not_depend_on_the_others_and_long_documents_keep_what_is_given():
    model = toys.model()
    filler, given = Infiller(Sampler(model)), np.full(2 * CHUNK + 7, ANY_TOKEN)
    given[[3, CHUNK - 1, CHUNK, 2 * CHUNK + 6]] = [4, 8, 5, 3]
    asked = {"max_new_tokens": 300, "seed": 7, "num_particles": 8}
    three = filler.fill(START, model.grammar, given, count=3, **asked)
    alone = filler.fill(START, model.grammar, given, count=1, first=2, **asked)
    np.testing.assert_array_equal(alone.samples[0], three.samples[2])
    assert alone.log_evidence[0] == pytest.approx(three.log_evidence[2], rel=1e-5)
    assert not np.array_equal(three.samples[0], three.samples[2])
    for ids in three.samples:
        assert model.grammar.accepts(ids)
        assert ids[1:][np.flatnonzero(given != ANY_TOKEN)].tolist() == [4, 8, 5, 3]


def test_reachability_is_what_trying_every_sequence_finds():
    grammar, given = toys.forked(), np.array([ANY_TOKEN, 3, ANY_TOKEN - 4, 5, ANY_TOKEN, EOS])

    def possible(state, place):
        if place == len(given):
            return True
        tokens = [given[place]] if given[place] > ANY_TOKEN else {2, 3, 4, 5} - {ANY_TOKEN - given[place]}
        return any(grammar.allowed[state, t] and possible(grammar.next_state[state, t], place + 1) for t in tokens)

    expected = [[possible(state, place) for state in range(grammar.state_count)] for place in range(len(given) + 1)]
    np.testing.assert_array_equal(states_that_fit(grammar, given), expected)


@pytest.mark.parametrize(
    "given",
    [[2, ANY_TOKEN, 4], [EOS], [ANY_TOKEN, EOS, 3], [ANY_TOKEN, BOS], [3, 4, 3, 4, 3, 4, 3]],
    ids=["a trap", "too short", "after the end", "BOS within", "too long"],
)
def test_what_no_document_holds_is_an_error_before_sampling(filler, given):
    with pytest.raises(ImpossibleConstraints, match="No document holds"):
        filler.fill(START, toys.forked(), np.array(given), count=1, max_new_tokens=9, seed=0)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [([6], {}), ([-7], {}), ([[3]], {}), ([0.5], {}), ([3], {"num_particles": 0}), ([3, 2, 3], {"max_new_tokens": 2})],
    ids=str,
)
def test_what_cannot_be_given_is_refused(filler, given, wrong):
    with pytest.raises(InvalidValue):
        filler.fill(START, toys.forked(), np.array(given), **{"count": 1, "max_new_tokens": 9, "seed": 0, **wrong})


def test_systematic_resampling_gives_every_particle_its_share_within_one():
    random = np.random.default_rng(0)
    weights = random.dirichlet(np.full(50, 0.2), 40).astype(np.float32)
    weights[:, [7, -1]] = 0
    weights /= weights.sum(1, keepdims=True)
    uniform = np.concatenate([[0.0, 0.99999994], random.random(38)]).astype(np.float32)
    ancestors = systematic_resampling(tf.constant(weights), tf.constant(uniform)).numpy()
    children = np.stack([np.bincount(row, minlength=50) for row in ancestors])
    assert np.abs(children - 50 * weights).max() < 1 + 1e-4
    assert not children[:, [7, -1]].any()


def test_what_is_counted_cannot_be_drawn_around_given_tokens(filler):
    counted = with_budget(toys.shifting(), Budget(toys.COST, 3, 3))
    with pytest.raises(UsageError, match="leave out how long it is"):
        filler.fill(START, counted, GIVEN, count=1, max_new_tokens=LONGEST, seed=0)


def test_no_forbidden_token_is_drawn_whatever_the_weights_are(filler, model):
    bias = model.weights["output/bias"]
    before = bias.numpy()
    bias.assign(np.full_like(before, np.nan))
    try:
        result = filler.fill(START, model.grammar, GIVEN, max_new_tokens=LONGEST, seed=0, **FEW)
    finally:
        bias.assign(before)
    for ids in result.samples:
        model.grammar.unroll(ids)  # raises ValueError for a forbidden token
        assert ids[[3, 5]].tolist() == [4, 3]

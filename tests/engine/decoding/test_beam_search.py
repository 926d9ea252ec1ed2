"""Beam search: the optimum where nothing is left out, and otherwise what a plain search one beam at a time finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine import toys
from seqgen.engine.decoding.beam_search import CHUNK, BeamSearch
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import InvalidValue
from seqgen.grammar import BOS, EOS, Budget, Grammar, build_grammar, with_budget

START = np.array([BOS], np.int32)
LONGEST = 4


def up_to_three() -> Grammar:
    """One to three tokens of 2, 3, 4, no token twice in a row."""

    def moves(state):
        length, last = state
        if length:
            yield EOS, state
        if length < LONGEST - 1:
            yield from ((token, (length + 1, token)) for token in (2, 3, 4) if token != last)

    return build_grammar(5, (0, None), moves)


@pytest.fixture(scope="module")
def model():
    return toys.model(up_to_three(), attention_window=2)


@pytest.fixture(scope="module")
def scorer(model):
    return Scorer(model)


@pytest.fixture(scope="module")
def search(model):
    return BeamSearch(model)


def score(nats: float, length: int, alpha: float) -> float:
    return -nats / ((5 + length) / 6) ** alpha


def enumerated(scorer, alpha):
    """Every document with its score, best first."""
    found = []
    for length in range(1, LONGEST):
        for tokens in itertools.product((2, 3, 4), repeat=length):
            ids = np.array([BOS, *tokens, EOS], np.int32)
            if scorer.model.grammar.accepts(ids):
                found.append((score(float(scorer.negative_log_likelihood(ids).sum()), length + 1, alpha), ids.tolist()))
    return sorted(found, reverse=True)


def plain(scorer, beams, alpha, max_new_tokens):
    """Beam search as the module's docstring says it, with lists."""
    alive, finished = [(0.0, [BOS])], []
    for length in range(1, max_new_tokens + 1):
        extended = []
        for total, ids in alive:
            probabilities = scorer.probabilities(np.array(ids, np.int32))[-1]
            extended += [(total + np.log(p), [*ids, token]) for token, p in enumerate(probabilities) if p > 0]
        finished += [(score(-total, length, alpha), ids) for total, ids in extended if ids[-1] == EOS]
        alive = sorted((one for one in extended if one[1][-1] != EOS), reverse=True)[:beams]
    return sorted(finished, reverse=True)


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_with_as_many_beams_as_sequences_it_finds_the_best_of_all(model, scorer, search, alpha):
    expected = enumerated(scorer, alpha)
    (found,) = search.search(
        [START], model.grammar, num_beams=30, count=30, max_new_tokens=LONGEST, length_penalty=alpha
    )
    assert len(expected) == 21
    assert [one.ids.tolist() for one in found] == [ids for _, ids in expected]
    np.testing.assert_allclose([one.score for one in found], [value for value, _ in expected], rtol=1e-5)
    for one in found:
        assert one.log_probability == pytest.approx(-float(scorer.negative_log_likelihood(one.ids).sum()), rel=1e-5)


def test_the_length_penalty_changes_which_is_best(scorer):
    assert enumerated(scorer, 0.0)[0][1] != enumerated(scorer, 5.0)[0][1]


@pytest.fixture(scope="module")
def scorer_of_turns():
    return Scorer(toys.model(seed=1))


@pytest.fixture(scope="module")
def search_in_turns(scorer_of_turns):
    return BeamSearch(scorer_of_turns.model)


@pytest.mark.parametrize("beams", [1, 3])
def test_few_beams_find_what_a_plain_search_finds(scorer_of_turns, search_in_turns, beams):
    (found,) = search_in_turns.search(
        [START], toys.turns(), num_beams=beams, count=beams, max_new_tokens=12, length_penalty=0.8
    )
    expected = plain(scorer_of_turns, beams, 0.8, max_new_tokens=12)[:beams]
    assert [one.ids.tolist() for one in found] == [ids for _, ids in expected]
    np.testing.assert_allclose([one.score for one in found], [value for value, _ in expected], rtol=1e-4)


def test_a_prompt_is_kept_and_not_scored(model, scorer, search):
    prompt = np.array([BOS, 3], np.int32)
    ((best, *_),) = search.search(
        [prompt], model.grammar, num_beams=30, count=30, max_new_tokens=LONGEST, length_penalty=0.0
    )
    nats = scorer.negative_log_likelihood(best.ids)
    assert best.ids[:2].tolist() == prompt.tolist()
    assert best.log_probability == pytest.approx(-float(nats[2:].sum()), rel=1e-5)


def test_what_is_cut_off_comes_after_what_ended_and_over_many_chunks():
    grammar = Grammar(np.arange(9)[None] != EOS, np.zeros((1, 9), np.int32), 0)
    model = toys.model(grammar)
    (found,) = BeamSearch(model).search(
        [START], grammar, num_beams=2, count=2, max_new_tokens=CHUNK + 5, length_penalty=0.0
    )
    assert [len(one.ids) for one in found] == [CHUNK + 6] * 2
    assert found[0].score >= found[1].score
    assert found[0].log_probability == pytest.approx(
        -float(Scorer(model).negative_log_likelihood(found[0].ids).sum()), rel=1e-4
    )


@pytest.mark.parametrize("wrong", [{"num_beams": 0}, {"count": 3}, {"length_penalty": -1.0}], ids=str)
def test_what_cannot_be_searched_is_refused(model, search, wrong):
    asked = {"num_beams": 2, "count": 1, "max_new_tokens": 4, "length_penalty": 0.6, **wrong}
    with pytest.raises(InvalidValue):
        search.search([START], model.grammar, **asked)


def test_a_budget_is_kept_as_by_an_automaton_that_counts():
    search = BeamSearch(toys.model(toys.shifting(), attention_window=2))
    budget = Budget(toys.COST, 3, 3)
    asked = {"num_beams": 6, "count": 6, "max_new_tokens": 30, "length_penalty": 0.0}
    ours, theirs = (
        [(one.ids.tolist(), one.score) for one in search.search([START], grammar, **asked)[0]]
        for grammar in (with_budget(toys.shifting(), budget), toys.shifting_within(budget))
    )
    assert ours == theirs
    assert {int(toys.COST[ids].sum()) for ids, _ in ours if ids[-1] == EOS} == {3}


def test_no_hypothesis_holds_a_forbidden_token_whatever_the_weights_are():
    model = toys.model(up_to_three())
    model.weights["output/bias"].assign(np.full(model.grammar.vocabulary_size, np.nan))
    (found,) = BeamSearch(model).search(
        [START], model.grammar, num_beams=3, count=3, max_new_tokens=4, length_penalty=0.0
    )
    for hypothesis in found:
        model.grammar.unroll(hypothesis.ids)  # raises ValueError for a forbidden token


def test_prompts_side_by_side_find_what_each_finds_alone():
    model = toys.model(seed=1)
    search = BeamSearch(model)
    prompts = [ids[:length] for ids, length in zip(toys.documents(4, seed=3), (1, 2, 7, 4), strict=True)]
    request = {"num_beams": 3, "count": 2, "max_new_tokens": 12, "length_penalty": 0.6}
    together = search.search(prompts, model.grammar, **request)
    for prompt, found in zip(prompts, together, strict=True):
        (alone,) = search.search([prompt], model.grammar, **request)
        assert [one.ids.tolist() for one in found] == [one.ids.tolist() for one in alone]
        np.testing.assert_allclose([one.score for one in found], [one.score for one in alone], rtol=1e-4)


def test_relations_leave_sequences_out_and_the_others_keep_their_probability():
    model, relations = toys.model(toys.forked(), attention_window=2), toys.zigzag()
    search, scorer = BeamSearch(model), Scorer(model)
    limits = {"max_new_tokens": toys.MAX_FORKED_LENGTH, "length_penalty": 0.0}
    every, kept = (
        search.search([START], toys.forked(), num_beams=600, count=count, relations=some, **limits)[0]
        for some, count in ((None, 600), (relations, 100))
    )
    expected = [one.ids.tolist() for one in every if toys.is_zigzag(one.ids)]
    assert [one.ids.tolist() for one in kept[:20]] == expected[:20]
    for one in kept[:20]:
        assert one.log_probability == pytest.approx(-scorer.negative_log_likelihood(one.ids).sum(), abs=1e-3)


def test_nothing_is_found_where_nothing_keeps_the_relations():
    grammar = build_grammar(6, 0, lambda n: [((2, 3, 4, EOS)[n], n + 1 if n < 3 else 0)])
    (found,) = BeamSearch(toys.model(grammar, attention_window=2)).search(
        [START], grammar, num_beams=4, count=1, max_new_tokens=9, length_penalty=0.0,
        relations=toys.zigzag_for(grammar),
    )  # fmt: skip
    assert found == []


def test_hypotheses_are_as_likely_as_what_is_known_ahead_makes_them():
    model = toys.model(conditions=toys.ahead())
    known = toys.known_ahead(toys.documents(1, seed=2)[0], np.random.default_rng(0))
    (found,) = BeamSearch(model).search(
        [START], model.grammar, num_beams=3, count=3, max_new_tokens=12, length_penalty=0, conditions=[known]
    )
    scorer = Scorer(model)
    for one in found:
        nats = scorer.negative_log_likelihood(one.ids, conditions=known).sum()
        np.testing.assert_allclose(one.log_probability, -nats, rtol=1e-3)


def test_documents_that_are_not_accepted_are_left_out(scorer, search):
    def has_two(ids: np.ndarray) -> bool:
        return 2 in ids

    (found,) = search.search(
        [START], up_to_three(), num_beams=30, count=5, max_new_tokens=LONGEST, length_penalty=0.6, accepts=has_two
    )
    expected = [ids for _, ids in enumerated(scorer, 0.6) if 2 in ids]
    assert [one.ids.tolist() for one in found] == expected[:5]


def test_next_tokens_masks_each_beam(scorer, search):
    seen = []

    def not_three_after_two(ids: np.ndarray) -> np.ndarray:
        seen.append(ids.tolist())
        mask = np.ones(5, bool)
        mask[3] = ids[-1] != 2
        return mask

    prompts = [START, np.array([BOS, 2], np.int32)]
    found = search.search(
        prompts, up_to_three(), num_beams=30, count=4, max_new_tokens=LONGEST, length_penalty=0.6,
        next_tokens=not_three_after_two,
    )  # fmt: skip
    expected = [ids for _, ids in enumerated(scorer, 0.6) if "2, 3" not in str(ids)]
    assert [one.ids.tolist() for one in found[0]] == expected[:4]
    assert all(one.ids[1] == 2 and one.ids[2] != 3 for one in found[1])
    assert [BOS, 2] in seen


def test_early_stopping_finds_what_ends_soon_and_no_less_than_asked_for(scorer_of_turns, search_in_turns):
    request = {"num_beams": 3, "count": 1, "max_new_tokens": 60, "length_penalty": 1.0}
    (best,), (soon,) = (
        search_in_turns.search([START], toys.turns(), **request, early_stopping=early)[0] for early in (False, True)
    )
    assert soon.ids[-1] == EOS
    assert soon.score <= best.score
    nats = float(scorer_of_turns.negative_log_likelihood(soon.ids).sum())
    assert soon.log_probability == pytest.approx(-nats, rel=1e-4)
    assert len(soon.ids) <= len(best.ids)


def test_early_stopping_goes_on_while_a_beam_that_ends_at_once_would_be_better(scorer, search):
    (found,) = search.search(
        [START], up_to_three(), num_beams=30, count=1, max_new_tokens=60, length_penalty=0.0, early_stopping=True
    )
    assert found[0].ids.tolist() == enumerated(scorer, 0.0)[0][1]

"""Classifier-free guidance: what is drawn is what the two readings of a document say together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine import toys
from seqgen.engine.decoding.guidance import Guidance
from seqgen.engine.decoding.sampling import Sampler
from seqgen.engine.decoding.sampling_options import SamplingOptions
from seqgen.engine.scoring.scorer import Scorer
from seqgen.errors import InvalidValue, UsageError
from seqgen.grammar import BOS, EOS, build_grammar, intersect

ONE, OTHER, NEITHER = 2, 3, 4
WORDS = (5, 6, 7)
COUNT = 4000
ASKED, SILENT = np.array([BOS, ONE], np.int32), np.array([BOS, NEITHER, 7], np.int32)


def labelled():
    """A label, then words, as long as one likes; the model is told the label's state."""

    def moves(state):
        if state == "start":
            return [(label, label) for label in (ONE, OTHER, NEITHER)]
        return [(EOS, state), *((word, state) for word in WORDS)]

    return build_grammar(8, "start", moves)


def two_words_of_one():
    """What is asked for: the label ONE and two words, of which the second is not 5. No other label is legal."""
    moves = {
        "start": [(ONE, "first")],
        "first": [(word, "second") for word in WORDS],
        "second": [(6, "end"), (7, "end")],
        "end": [(EOS, "end")],
    }
    return intersect(labelled(), build_grammar(8, "start", lambda state: moves[state]))


@pytest.fixture(scope="module")
def sampler():
    return Sampler(toys.model(labelled(), num_layers=1, attention_window=4, feed_forward_size=0))


@pytest.fixture(scope="module")
def scorer(sampler):
    return Scorer(sampler.model)


def guided(scorer: Scorer, words: list[int], strength: float, temperature: float) -> np.ndarray:
    """float64[V]: p of the next token after `words`, worked out from the probabilities of both readings."""
    legal = two_words_of_one().unroll(np.r_[ASKED, words].astype(np.int32))[-1]
    likely, anyway = (
        scorer.probabilities(np.r_[prompt, words].astype(np.int32))[-1].astype(np.float64) for prompt in (ASKED, SILENT)
    )
    allowed = two_words_of_one().allowed[legal]
    weight = np.where(allowed, (anyway * (likely / np.maximum(anyway, 1e-30)) ** strength) ** (1 / temperature), 0)
    return weight / weight.sum()


def draw(
    sampler: Sampler, strength: float, temperature: float = 1.0, count: int = COUNT, numbers: list[int] | None = None
):
    """Whole documents of what is asked for, guided away from SILENT."""
    return sampler.sample(
        ASKED, two_words_of_one(), unconditional=SILENT, guidance=strength,
        options=SamplingOptions(temperature=temperature), count=count,
        numbers=numbers, max_new_tokens=5, seed=5,
    )  # fmt: skip


@pytest.mark.parametrize(("strength", "temperature"), [(2.5, 1.0), (0.0, 1.0), (3.0, 1.7)])
def test_whole_documents_come_as_often_as_both_readings_say(sampler, scorer, strength, temperature):
    drawn, shares = draw(sampler, strength, temperature), []
    for first, second in itertools.product(WORDS, (6, 7)):
        p = guided(scorer, [], strength, temperature)[first] * guided(scorer, [first], strength, temperature)[second]
        share = np.mean([np.array_equal(one, [*ASKED, first, second, EOS]) for one in drawn])
        assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / COUNT) + 1e-4
        shares.append(share)
    assert sum(shares) == pytest.approx(1)


def test_sample_k_of_a_seed_is_the_same_at_any_batch(sampler):
    many = draw(sampler, 2.5)
    assert len({tuple(ids) for ids in many}) > 1
    for k in (0, 7, COUNT - 1):
        np.testing.assert_array_equal(draw(sampler, 2.5, count=1, numbers=[k])[0], many[k])


def test_guidance_by_1_takes_the_path_without(sampler):
    for unconditional in (SILENT, None):
        assert Guidance.from_prompt(sampler.decoder, unconditional, 1.0, count=1) == Guidance()


def test_guidance_that_cannot_be_is_refused(sampler):
    for strength in (-1.0, float("nan"), 1e9):
        with pytest.raises(InvalidValue, match=r"guidance cannot be .*must be"):
            sampler.sample(
                ASKED, labelled(), unconditional=SILENT, guidance=strength, count=1, max_new_tokens=5, seed=0
            )
    with pytest.raises(UsageError, match="leave the guidance at 1"):
        sampler.sample(ASKED, labelled(), guidance=2.0, count=1, max_new_tokens=5, seed=0)

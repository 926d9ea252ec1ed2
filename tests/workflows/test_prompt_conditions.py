"""The conditions of samples depend on the seed and the number of the sample alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from engine import toys

from seqgen.contract.documents import Prompt, PromptChoice, PromptConditions
from seqgen.grammar import BOS, unconstrained
from seqgen.workflows.prompt_conditions import condition_source, conditions_after, heard_by

START = np.array([BOS], np.int32)


def draw(ids: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.append(ids, rng.integers(100, 10**6))[:, None]


def test_each_sample_of_a_seed_has_its_own():
    prompt = Prompt(START, unconstrained(5), conditions=PromptConditions(2, draw))
    source = condition_source(prompt, 7)
    assert source.after == 2
    ids = np.array([BOS, 3])
    drawn = [source.of(number, ids).tolist() for number in range(5)]
    assert drawn == [condition_source(prompt, 7).of(number, ids).tolist() for number in range(5)]
    assert len({one[-1][0] for one in [*drawn, condition_source(prompt, 8).of(0, ids).tolist()]}) == 6
    assert drawn[0][:2] == [[BOS], [3]]


def test_a_prompt_of_which_nothing_is_known_ahead_has_none():
    assert condition_source(Prompt(START, unconstrained(5)), 0) is None


def test_a_model_that_knows_of_no_conditions_is_not_guided_towards_them():
    prompt = Prompt(START, unconstrained(5), unconditional=START, guidance=1.5, conditions=PromptConditions(1, draw))
    assert heard_by(toys.model(conditions=toys.ahead()), prompt) is prompt
    plain = heard_by(toys.model(), prompt)
    assert (plain.conditions, plain.unconditional, plain.guidance) == (None, None, 1.0)
    open_prompt = Prompt(START, unconstrained(5), choice=PromptChoice(lambda rng: 0, lambda chosen: prompt))
    assert heard_by(toys.model(), open_prompt).choice is None
    assert heard_by(toys.model(conditions=toys.ahead()), open_prompt) is open_prompt
    labelled = Prompt(START, unconstrained(5), unconditional=START, guidance=3.0)
    assert heard_by(toys.model(), labelled) is labelled
    both = replace(prompt, ids=np.array([BOS, 3], np.int32))
    plain = heard_by(toys.model(), both)
    assert plain.conditions is None
    assert (plain.unconditional, plain.guidance) == (both.unconditional, 1.5)


def test_a_search_knows_what_follows_from_its_prompt_alone():
    known = PromptConditions(2, draw)
    assert conditions_after(Prompt(START, unconstrained(5), conditions=known)) is None
    assert conditions_after(Prompt(START, unconstrained(5))) is None
    long = Prompt(np.array([BOS, 3], np.int32), unconstrained(5), conditions=known)
    np.testing.assert_array_equal(conditions_after(long)[0], condition_source(long, 0).of(0, long.ids))

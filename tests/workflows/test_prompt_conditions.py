"""The conditions of samples depend on the seed and the number of the sample alone."""

from __future__ import annotations

import numpy as np

from seqgen.contract.documents import Prompt, PromptConditions
from seqgen.grammar import BOS, unconstrained
from seqgen.workflows.prompt_conditions import condition_source

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

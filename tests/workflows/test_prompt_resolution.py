"""What a prompt leaves open is drawn for each sample; samples with the same prompt are drawn together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.contract.documents import Prompt, PromptChoice
from seqgen.grammar import BOS, unconstrained
from seqgen.workflows.prompt_resolution import MAX_KEPT, PromptResolver
from seqgen.workflows.trained_model import TrainedModel

START = np.array([BOS], np.int32)


def test_nothing_is_drawn_where_nothing_is_left_open(trained: TrainedModel) -> None:
    prompt = Prompt(START, trained.model.grammar)
    ((only, seed, numbers),) = PromptResolver(trained.domain).groups(prompt, 7, range(3))
    assert (only is prompt, seed, numbers) == (True, 7, [0, 1, 2])


def test_each_sample_has_the_prompt_of_its_number(trained: TrainedModel) -> None:
    size = len(trained.domain.vocabulary)
    choices = [Prompt(START, unconstrained(size), guidance=1.0 + number) for number in range(3)]
    prompt = replace(choices[0], choice=PromptChoice(lambda rng: int(rng.integers(3)), lambda chosen: choices[chosen]))
    resolver = PromptResolver(trained.domain)

    def strengths(numbers: range) -> dict[int, float]:
        groups = list(resolver.groups(prompt, 7, numbers))
        assert len(groups) <= len(choices)
        return {number: group.prompt.guidance for group in groups for number in group.numbers}

    many = strengths(range(40))
    assert set(many.values()) == {1.0, 2.0, 3.0}
    assert all(strengths(range(number, number + 1)) == {number: strength} for number, strength in many.items())
    # Few numbers of samples are compiled: the last one of a group is repeated.
    assert {len(group.numbers) for group in resolver.groups(prompt, 7, range(40))} <= {1, 4, 16, 64}


def test_the_last_prompts_are_kept(trained: TrainedModel) -> None:
    made: list[int] = []

    def resolve(chosen: int) -> Prompt:
        made.append(chosen)
        return Prompt(START, trained.model.grammar)

    order = iter([0, 1, 0, 2, 0, 1])
    prompt = Prompt(START, trained.model.grammar, choice=PromptChoice(lambda rng: next(order), resolve))
    resolver = PromptResolver(trained.domain)
    for _ in range(6):
        list(resolver.groups(prompt, 7, [0]))
    assert MAX_KEPT == 2
    assert made == [0, 1, 2, 1]

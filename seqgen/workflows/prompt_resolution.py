"""What a prompt leaves open is drawn for each sample, such as the key of a piece (`Prompt.resolve`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.contract.domain import Domain

STREAM = 2
"""What is left open has random numbers of its own, so that it does not depend on how tokens are drawn."""


class PromptGroup(NamedTuple):
    """Samples that are drawn together.

    prompt:  the prompt of each of them, in which nothing is left open
    seed:    their seed
    numbers: the number of each within the seed. The last one may be repeated.
    """

    prompt: Prompt
    seed: int
    numbers: list[int]


def prompt_groups(domain: Domain[Any], prompt: Prompt, seed: int, numbers: Sequence[int]) -> list[PromptGroup]:
    """Returns the samples `numbers` of a seed in groups.

    Sample k of a seed has the same prompt for every number of samples. Raises PluginError for a wrong automaton.
    """
    if prompt.resolve is None:
        return [PromptGroup(prompt, seed, list(numbers))]
    groups: dict[int, PromptGroup] = {}
    for number in numbers:
        resolved = prompt.resolve(np.random.default_rng([seed, STREAM, number]))
        groups.setdefault(id(resolved), PromptGroup(resolved, seed, [])).numbers.append(number)
    return [
        group._replace(prompt=domain.without_dead_ends(group.prompt), numbers=_padded(group.numbers))
        for group in groups.values()
    ]


def _padded(numbers: list[int]) -> list[int]:
    """Returns as many numbers as the next power of four, because sampling is compiled for each number of samples."""
    size = 1
    while size < len(numbers):
        size *= 4
    return numbers + numbers[-1:] * (size - len(numbers))

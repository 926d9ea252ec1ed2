"""What a prompt leaves open is chosen for each sample, such as the key of a piece (`Prompt.choice`)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from seqgen.contract.documents import Prompt, PromptChoice
from seqgen.contract.domain import Domain

STREAM = 2
"""What is left open has random numbers of its own, so that it does not depend on how tokens are drawn."""
MAX_KEPT = 2
"""How many resolved prompts are kept: the grammar of one can take seconds and 60 MB."""


class PromptGroup(NamedTuple):
    """Samples that are drawn together.

    prompt:  the prompt of each of them, in which nothing is left open
    seed:    their seed
    numbers: the number of each within the seed. The last one may be repeated.
    """

    prompt: Prompt
    seed: int
    numbers: list[int]


class PromptResolver:
    """Resolves the prompts of a domain. The last ones are kept."""

    def __init__(self, domain: Domain[Any]) -> None:
        self._domain = domain
        self._kept: dict[tuple[Prompt, Hashable], Prompt] = {}

    def groups(self, prompt: Prompt, seed: int, numbers: Sequence[int]) -> Iterator[PromptGroup]:
        """Yields the samples `numbers` of a seed in groups.

        Sample k of a seed has the same prompt for every number of samples. Raises PluginError for a wrong automaton.
        """
        if prompt.choice is None:
            yield PromptGroup(prompt, seed, list(numbers))
            return
        by_choice: dict[Hashable, list[int]] = {}
        for number in numbers:
            chosen = prompt.choice.draw(np.random.default_rng([seed, STREAM, number]))
            by_choice.setdefault(chosen, []).append(number)
        for chosen, together in by_choice.items():
            yield PromptGroup(self._resolved(prompt, prompt.choice, chosen), seed, _padded(together))

    def _resolved(self, prompt: Prompt, choice: PromptChoice, chosen: Hashable) -> Prompt:
        """Returns the prompt of the samples that choose the same."""
        key = prompt, chosen
        resolved = self._kept.pop(key, None) or self._domain.without_dead_ends(choice.resolve(chosen))
        self._kept[key] = resolved
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        return resolved


def _padded(numbers: list[int]) -> list[int]:
    """Returns as many numbers as the next power of four, because sampling is compiled for each number of samples."""
    size = 1
    while size < len(numbers):
        size *= 4
    return numbers + numbers[-1:] * (size - len(numbers))

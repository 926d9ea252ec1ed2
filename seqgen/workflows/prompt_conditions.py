"""What is known ahead of the samples of a prompt, as the engine takes it."""

from __future__ import annotations

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.engine.conditioning import ConditionSource

STREAM = 1
"""Conditions have random numbers of their own, so that they do not depend on how tokens are drawn."""


def condition_source(prompt: Prompt, seed: int) -> ConditionSource | None:
    """Returns the conditions of the samples of a seed, each with a random generator of its own; None if there are none.

    Sample k of a seed has the same conditions for every number of samples.
    """
    conditions = prompt.conditions
    if conditions is None:
        return None

    def of(number: int, ids: np.ndarray) -> np.ndarray:
        return conditions.draw(ids, np.random.default_rng([seed, STREAM, number]))

    return ConditionSource(conditions.after, of)

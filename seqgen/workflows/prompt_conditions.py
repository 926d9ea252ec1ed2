"""What is known ahead of the samples of a prompt, as the engine takes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.engine.conditioning import ConditionSource
from seqgen.engine.model import Model

STREAM = 1
"""Conditions have random numbers of their own, so that they do not depend on how tokens are drawn."""


def heard_by(model: Model, prompt: Prompt) -> Prompt:
    """Returns the prompt as the model hears it: if it hears no conditions, without them and what is drawn for them.

    Guidance towards what its ids say, such as a label, stays.
    """
    if model.conditions is not None or (prompt.conditions is None and prompt.choice is None):
        return prompt
    plain = replace(prompt, choice=None, conditions=None)
    if prompt.conditions is None or prompt.unconditional is None:
        return plain
    is_said_by_ids = not np.array_equal(prompt.ids, prompt.unconditional)
    return plain if is_said_by_ids else replace(plain, unconditional=None, guidance=1.0)


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


def conditions_after(prompt: Prompt) -> list[np.ndarray] | None:
    """Returns what is known ahead of the one document that a search continues; None if the prompt is too short."""
    source = condition_source(prompt, 0)
    return [source.of(0, prompt.ids)] if source and source.after <= len(prompt.ids) else None

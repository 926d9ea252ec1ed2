"""The prompts of a call: what a user gives to continue, as the domain and the model take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seqgen.contract.documents import Prompt
from seqgen.contract.domain import Domain
from seqgen.engine.model import Model
from seqgen.errors import UsageError
from seqgen.workflows.file_records import PromptSource, read_prompts
from seqgen.workflows.prompt_conditions import heard_by

MAX_KEPT_PROMPTS = 4
"""How many prompts without an item are kept, because making a grammar under constraints can take seconds."""


class PromptPreparation:
    """Prepares the prompts of one model."""

    def __init__(self, domain: Domain[Any], model: Model) -> None:
        self._domain = domain
        self._model = model
        self._kept: dict[str, Prompt] = {}

    def prompts(
        self, source: PromptSource | None, constraints: Mapping[str, Any] | None, *, has_defaults: bool = True
    ) -> list[Prompt]:
        """Returns one prompt for each document of a file, for a text, for each item, or for nothing.

        has_defaults: whether the constraints that the domain recommends are added

        Raises UsageError if the domain needs a prompt and there is none, UnusableFile, ImpossibleConstraints.
        """
        domain = self._domain
        if source is None and domain.prompting.needs_prompt:
            raise UsageError(
                f"A sample of the domain {domain.name!r} continues something that is given; name it by --prompt "
                "(prompt)."
            )
        requested = constraints or {}
        defaults = domain.defaults if has_defaults else None
        recommended = defaults.constraints(requested) if defaults else {}
        parsed = domain.Constraints.from_mapping({**recommended, **requested}, "constraint")
        if source is None:
            return [self._without_item(parsed)]
        items = read_prompts(domain, source)
        if not items:
            raise UsageError("The list of prompts is empty; give one item at least.")
        return [heard_by(self._model, domain.checked_prompt(one.item, parsed)) for one in items]

    def _without_item(self, constraints: Any) -> Prompt:
        """Returns the prompt of nothing under constraints. The last ones are kept."""
        key = constraints.model_dump_json()
        if key not in self._kept:
            made = heard_by(self._model, self._domain.checked_prompt(None, constraints))
            if len(self._kept) == MAX_KEPT_PROMPTS:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = made
        return self._kept[key]


def seed_of_prompt(seed: int, number: int) -> int:
    """Returns the seed of the samples of one prompt of a call. That of the first prompt is the seed of the call."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> 1) if number else seed


def only_prompt(prompts: Sequence[Prompt], caller: str) -> Prompt:
    """Returns the only prompt. Raises UsageError if there are several; `caller` begins the error."""
    if len(prompts) > 1:
        raise UsageError(f"{caller} continues one document, and the prompt has {len(prompts)}; give it one of them.")
    return prompts[0]


def without_given(prompt: Prompt, caller: str) -> Prompt:
    """Returns the same prompt. Raises UsageError if it gives tokens within the document; `caller` begins the error."""
    if prompt.given is not None:
        raise UsageError(
            f"{caller} only continues a prompt, but these constraints give tokens within the document; sample instead."
        )
    return prompt


def check_no_function(prompt: Prompt, caller: str) -> None:
    """Raises UsageError if the domain says by a function what is legal. `caller`, which cannot ask it, begins it."""
    if prompt.accepts is not None or prompt.next_tokens is not None:
        raise UsageError(f"{caller} cannot ask this domain which documents are legal; sample without it instead.")

"""What can be asked of a prompt whose music has bars: how many of them are kept, and which are emptied and drawn again.

A bar that is emptied keeps its time signature. Everything around it is kept note for note: a note that crosses the edge
of an emptied bar on a grid stays whole.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from seqgen import Options, UsageError
from seqgen_midi.constraints.spans import Span, parse_span

OF_BARS = ("bars", "seconds", "time_signature", "density", "tempo")
"""Constraints that speak of whole bars: those of a prompt that is drawn within are what they are."""


def _share(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError("it is a share of the bars above 0, up to 1")
    return value


class PromptOptions(Options):
    """What can be asked of a prompt."""

    prompt_bars: int | None = Field(default=None, ge=1, description="so many bars of the prompt are kept")
    fill: Span | None = Field(
        default=None,
        description="bars of the prompt that are drawn again between the others, first and last: 5-8",
    )
    variation: Annotated[float, AfterValidator(_share)] | None = Field(
        default=None, description="the share of the prompt's bars, chosen by chance, that are drawn again: 0.3"
    )
    variation_seed: int | None = Field(
        default=None, ge=0, description="which bars a variation draws again; another number chooses others"
    )

    @field_validator("variation")
    @classmethod
    def fill_or_variation(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("fill") is not None:
            raise ValueError("fill says which bars are drawn again, and variation leaves them to chance; ask for one")
        return value

    @field_validator("variation_seed")
    @classmethod
    def seed_of_a_variation(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("variation") is None:
            raise ValueError("it chooses the bars of a variation; ask for variation too")
        return value

    @property
    def draws_within(self) -> bool:
        """Whether something is drawn between what is given."""
        return self.fill is not None or self.variation is not None


def needs_no_prompt(constraints: PromptOptions) -> None:
    """Raises UsageError for a wish that only a prompt can have."""
    for name in ("prompt_bars", "prompt_seconds", "fill", "variation", "harmonise", "accompany"):
        if getattr(constraints, name, None) is not None:
            raise UsageError(f"{name} is asked of a prompt; give one with --prompt FILE.")


def keeps_its_bars(constraints: PromptOptions) -> None:
    """Raises UsageError for a wish about the bars of a piece that is drawn within, and so keeps its own."""
    for name in OF_BARS:
        if getattr(constraints, name, None) is not None:
            raise UsageError(f"What is drawn within a prompt keeps the prompt's bars; leave out {name}.")


def emptied_bars(constraints: PromptOptions, bars: int) -> np.ndarray:
    """bool[bars]: which bars of a prompt are drawn again; raises UsageError where the prompt does not have them."""
    emptied = np.zeros(bars, bool)
    if constraints.fill is not None:
        first, last = parse_span(constraints.fill)
        if not 1 <= first <= last <= bars:
            raise UsageError(
                f"The prompt has bars 1 to {bars}, and fill={constraints.fill} was asked for; ask for bars that it has."
            )
        emptied[first - 1 : last] = True
    if constraints.variation is not None:
        random = np.random.default_rng(constraints.variation_seed or 0)
        emptied[random.permutation(bars)[: max(1, round(constraints.variation * bars))]] = True
    return emptied

"""How long: seconds as whole bars."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from seqgen import ImpossibleConstraints, UsageError

MOST_BARS = 200
Seconds = Annotated[
    float | None,
    Field(
        default=None,
        gt=0,
        le=3600,
        description="as many bars as come nearest; in a prompt's meter, else 4/4 unless you say otherwise",
    ),
]


def check_one_length(constraints: Any) -> None:
    """Raises UsageError where bars and seconds are asked for."""
    if constraints.bars is not None and constraints.seconds is not None:
        raise UsageError("bars and seconds both say how long; ask for one of them.")


def bars_in(seconds: float, tempo: float, quarters: float, before: int = 0) -> int:
    """How many bars of so many quarters come nearest to `seconds`, with those `before` at least one.

    Raises ImpossibleConstraints for more than MOST_BARS.
    """
    bars = max(1, before + round(seconds * tempo / 60 / quarters))
    if bars > MOST_BARS:
        raise ImpossibleConstraints(
            f"{seconds:g} seconds are {bars - before} bars at {tempo:g} quarters a minute, and {MOST_BARS} are the "
            "most; ask for fewer."
        )
    return bars

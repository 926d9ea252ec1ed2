"""How long: seconds as whole bars."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seqgen import ImpossibleConstraints

MOST_BARS = 200
Seconds = Annotated[
    float | None,
    Field(default=None, gt=0, le=3600, description="as many bars as come nearest; in 4/4 unless you say otherwise"),
]


def bars_in(seconds: float, tempo: float, quarters: float) -> int:
    """How many bars of so many quarters come nearest to `seconds`, at least one; raises ImpossibleConstraints."""
    bars = max(1, round(seconds * tempo / 60 / quarters))
    if bars > MOST_BARS:
        raise ImpossibleConstraints(
            f"{seconds:g} seconds are {bars} bars at {tempo:g} quarters a minute, and {MOST_BARS} are the most; "
            "ask for fewer."
        )
    return bars

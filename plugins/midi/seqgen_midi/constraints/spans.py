"""Spans that people ask for: "60-79", or one number alone."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

SPAN = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")


def parse_span(text: str) -> tuple[int, int]:
    """Lowest and highest of "60-79", or of one number alone; raises ValueError for what is no such span."""
    match = SPAN.fullmatch(text.replace(" ", ""))
    if match is None:
        raise ValueError("it is the lowest and the highest value, such as 60-79, or one value")
    lowest, highest = int(match[1]), int(match[2] or match[1])
    if lowest > highest:
        raise ValueError("the lowest value is above the highest")
    return lowest, highest


def _known_span(value: str) -> str:
    parse_span(value)
    return value


Span = Annotated[str, AfterValidator(_known_span)]

"""Draws sequences again that break a relation.

Relations are a mask of the next token. It does not look ahead, so a sequence can come to where each token that the
grammar allows breaks a relation. Such a sequence takes one of these tokens, and is drawn again as a whole with other
random numbers. So the sequences that are returned keep all relations. They are distributed as those that the mask
leaves, given that none of them comes to such a place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from seqgen.errors import ImpossibleConstraints

MAX_ATTEMPTS = 32
"""How often a sequence is drawn."""

Drawn = TypeVar("Drawn")
Draw = Callable[[Sequence[np.random.Generator]], tuple[Sequence[Drawn], np.ndarray]]
"""Draws all B sequences with one random generator each. Returns them, and whether each is broken, bool[B]."""


def draw_unbroken(draw: Draw[Drawn], random: Sequence[np.random.Generator]) -> list[Drawn]:
    """Returns what `draw` draws, each sequence from its first attempt that is not broken.

    Which attempt that is does not depend on the other sequences. Raises ImpossibleConstraints after MAX_ATTEMPTS.
    """
    kept: dict[int, Drawn] = {}
    for _ in range(MAX_ATTEMPTS):
        # How far an attempt reads a generator depends on the other sequences, so the next attempt has its own one.
        later = [np.random.Generator(one.bit_generator.jumped()) for one in random]  # type: ignore[attr-defined]
        drawn, is_broken = draw(random)
        for number in np.flatnonzero(~is_broken).tolist():
            kept.setdefault(number, drawn[number])
        if len(kept) == len(random):
            return [kept[number] for number in range(len(random))]
        random = later
    raise ImpossibleConstraints(
        f"Nothing was found that keeps all that was asked for, after {MAX_ATTEMPTS} attempts; ask for less at once."
    )

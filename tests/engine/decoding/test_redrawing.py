"""What breaks a relation is drawn again, with random numbers that do not depend on what is drawn beside it."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.engine.decoding.redrawing import MAX_ATTEMPTS, draw_unbroken
from seqgen.engine.decoding.sampling import random_generators
from seqgen.errors import ImpossibleConstraints


def draw_numbers(random):
    """Draws a number from each generator; one below 0.7 is broken."""
    numbers = [generator.random() for generator in random]
    return numbers, np.array(numbers) < 0.7


def test_each_sequence_is_that_of_its_first_attempt_that_is_not_broken():
    numbers = draw_unbroken(draw_numbers, random_generators(0, range(50)))
    assert min(numbers) >= 0.7
    assert len(set(numbers)) == 50
    alone = [draw_unbroken(draw_numbers, random_generators(0, [number]))[0] for number in range(50)]
    assert alone == numbers


def test_nothing_is_drawn_twice_without_need():
    attempts = []

    def draw(random):
        attempts.append(len(random))
        return ["a", "b"], np.array([False, len(attempts) < 3])

    assert draw_unbroken(draw, random_generators(0, range(2))) == ["a", "b"]
    assert attempts == [2, 2, 2]


def test_it_gives_up_at_last():
    with pytest.raises(ImpossibleConstraints, match=f"after {MAX_ATTEMPTS} attempts"):
        draw_unbroken(lambda random: ([None], np.array([True])), random_generators(0, [0]))

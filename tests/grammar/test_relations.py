"""Relations: which tokens they forbid, and which tables are refused."""

from __future__ import annotations

import numpy as np
import pytest

from seqgen.grammar import NO_COORDINATE, TOKEN, Comparison, Relation, Relations, lags

COORDINATE = np.array([NO_COORDINATE, NO_COORDINATE, 0, 1, 5, NO_COORDINATE], np.int32)
"""Of BOS, EOS and the tokens 2, 3, 4 and 5."""
REGISTERS = lags(COORDINATE, (1, 2), class_count=2)
DIRECTION = np.sign(np.arange(-5, 6)) % 3
"""1 is up, 2 is down."""
SAME = np.diag([True, True, True])


def relation(comparisons=((0, 1), (TOKEN, 0)), forbidden=SAME, applies=(True, False)):
    return Relation(np.array(applies), [Comparison(*sides, DIRECTION) for sides in comparisons], forbidden)


def forbidden_after(*tokens: int, state_class: int = 0, **changes) -> list[int]:
    relations = Relations(REGISTERS, [relation(**changes)])
    classes = np.full(len(tokens), state_class)
    return np.flatnonzero(relations.forbidden_after(np.array(tokens), classes)[-1]).tolist()


def test_two_steps_in_one_direction_are_forbidden():
    assert forbidden_after(0, 2, 3) == [4]
    assert forbidden_after(0, 4, 3) == [2]


def test_a_comparison_without_a_coordinate_has_the_outcome_0_and_so_has_no_movement():
    assert forbidden_after(0, 3) == [3]
    assert forbidden_after(0, 3, 3) == [3]
    assert forbidden_after(0) == [2, 3, 4]


def test_tokens_without_a_coordinate_are_never_forbidden():
    assert forbidden_after(0, 2, 3, forbidden=np.ones((3, 3), bool)) == [2, 3, 4]


def test_a_relation_holds_in_its_classes_of_states_alone():
    assert forbidden_after(0, 2, 3, state_class=1) == []


def test_the_token_may_stand_on_either_side():
    assert forbidden_after(0, 2, 3, comparisons=((0, 1), (0, TOKEN))) == [2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"comparisons": ((0, 2), (TOKEN, 0))}, "registers that hold coordinates"),
        ({"comparisons": ((0, 1), (1, 0))}, "compares the token with a register"),
        ({"applies": (True,)}, "for each class of states"),
        ({"forbidden": np.ones((3, 2), bool)}, "a row for each outcome"),
        ({"forbidden": np.ones(3, bool)}, "a row for each outcome"),
    ],
)
def test_relations_that_do_not_fit_the_registers_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Relations(REGISTERS, [relation(**changes)])


def test_a_comparison_needs_an_outcome_for_each_difference():
    short = Relation(np.ones(2, bool), [Comparison(TOKEN, 0, DIRECTION[1:-1])], np.ones(3, bool))
    with pytest.raises(ValueError, match="differ by up to 5"):
        Relations(REGISTERS, [short])

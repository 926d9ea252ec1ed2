"""The conformance kit finds constraints that allow other documents, or that raise other errors."""

from __future__ import annotations

import enum
from typing import Literal

import numpy as np
import pytest
from letters import Letters
from pydantic import Field

from seqgen import EmptyLanguage, Options
from seqgen.contract.testing.constraints import MAX_SECONDS, check_combination, check_constraints, field_values
from seqgen.grammar import BOS, EOS, build_grammar, unconstrained

RNG = np.random.default_rng(0)


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Constrained(Letters):
    """Words that have one letter, or are empty, which is against the grammar."""

    calls: list

    class Constraints(Options):
        letters: int | None = Field(default=None, ge=1, le=1)
        is_empty_word: bool | None = None
        word: str | None = None

    def grammar(self, constraints=None):
        if constraints is None or constraints.is_empty:
            return super().grammar()
        self.calls.append({name: value for name, value in constraints if value is not None})
        if constraints.word == "none":
            raise EmptyLanguage("No word is none.")
        if constraints.word:
            raise KeyError(constraints.word)
        if constraints.is_empty_word:
            return unconstrained(len(self.vocabulary))
        return build_grammar(len(self.vocabulary), 0, lambda state: [(EOS, 1)] if state else [(2, 1)])


@pytest.fixture
def domain():
    made = Constrained()
    made.calls = []
    return made


@pytest.mark.parametrize(
    ("annotation", "values"),
    [
        (bool, [True, False]),
        (Literal["win", "draw", "loss"] | None, ["win", "draw"]),
        (Size, [Size.SMALL, Size.LARGE]),
        (int, [1, 2]),
        (float | None, [1.0, 2.0]),
        (str | None, []),
    ],
)
def test_values_follow_from_the_type(annotation, values):
    assert field_values(annotation) == values


def test_each_constraint_is_tried_and_each_pair(domain):
    with pytest.raises(AssertionError, match="is_empty_word=True allow a document that is none of the domain"):
        check_constraints(domain, (), RNG)
    assert domain.calls[0] == {"letters": 1}
    domain.calls.clear()
    domain.Constraints = type(
        "Constraints", (Options,), {"__annotations__": {"a": bool, "b": bool}, "a": False, "b": False}
    )
    domain.grammar = lambda constraints=None: domain.calls.append(constraints) or Letters.grammar(domain)
    check_constraints(domain, (), RNG)
    assert any(one is not None and one.a and one.b for one in domain.calls)
    assert MAX_SECONDS > 0


def test_a_refusal_by_its_error_is_right(domain):
    check_combination(domain, {"word": "none"}, RNG)


def test_another_error_is_named_with_the_constraints(domain):
    with pytest.raises(
        AssertionError, match=r"the constraints word=abc raise KeyError.*asks for ImpossibleConstraints"
    ):
        check_constraints(domain, [{"word": "abc"}], RNG)


def test_documents_begin_with_bos(domain):
    assert domain.grammar(Constrained.Constraints(letters=1)).walk(RNG)[0] == BOS

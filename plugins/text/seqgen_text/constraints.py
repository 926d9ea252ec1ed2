"""The constraints of a text: a pattern, a length, a beginning, and strings that it does not contain.

Each is an automaton over bytes. Their intersection becomes an automaton over tokens in `token_grammar`.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from seqgen import BOS, EOS, EmptyLanguage, Grammar, Options, TooManyStates
from seqgen.grammar import MAX_STATES, avoid, count, intersect, prepend, unconstrained
from seqgen_text.regex import ANY_TEXT, character_automaton, pattern_too_large
from seqgen_text.utf8 import BYTE_VOCABULARY_SIZE, byte_grammar, byte_ids

MAX_CONSTRAINT_LENGTH = 20_000
"""Characters of one constraint. Its automaton has about as many states, and is made in about two seconds."""
LENGTH = re.compile(r"(\d{1,7})?(-)?(\d{1,7})?")
SEPARATOR = "|"


class TextConstraints(Options):
    """What can be asked of a text. With a prompt, it holds for what follows the prompt."""

    pattern: str | None = Field(
        default=None, max_length=MAX_CONSTRAINT_LENGTH, description="a regular expression that matches the whole text"
    )
    length: str | None = Field(default=None, description="characters: 80 is exactly, 20-80 between, -80 at most")
    starts_with: str | None = Field(
        default=None, max_length=MAX_CONSTRAINT_LENGTH, description="the beginning of the text"
    )
    forbid: str | None = Field(
        default=None,
        max_length=MAX_CONSTRAINT_LENGTH,
        description=f"strings that it does not contain, separated by {SEPARATOR}",
    )

    @field_validator("length", mode="before")
    @classmethod
    def _check_length(cls, value: Any) -> str | None:
        if value is None:
            return None
        minimum, maximum = parse_length(str(value))
        if maximum is not None and maximum < minimum:
            raise ValueError("the minimum is above the maximum")
        return str(value)

    @field_validator("forbid")
    @classmethod
    def _check_forbid(cls, value: str | None) -> str | None:
        if value is not None and not all(value.split(SEPARATOR)):
            raise ValueError("every text contains the empty string")
        return value


def parse_length(text: str) -> tuple[int, int | None]:
    """Returns the minimum and the maximum number of characters; None is no maximum. Raises ValueError."""
    found = LENGTH.fullmatch(text)
    if not found or not (found[1] or found[3]):
        raise ValueError("a length is 80, 20-80, 20- or -80")
    minimum = int(found[1] or 0)
    if not found[2]:
        return minimum, minimum
    return minimum, int(found[3]) if found[3] else None


def constrained_text(constraints: TextConstraints) -> Grammar:
    """Returns the automaton over bytes of all texts that satisfy the constraints.

    Raises InvalidValue for a pattern that is not regular, and ImpossibleConstraints if no text satisfies all of them
    or the automaton is too large.
    """
    pattern = constraints.pattern
    grammar = any_text() if pattern is None else _matching(pattern)
    used = [] if pattern is None else ["the pattern"]
    others = {
        "starts_with": constraints.starts_with and starting_with(constraints.starts_with),
        "forbid": constraints.forbid and without(constraints.forbid.split(SEPARATOR)),
        "length": constraints.length and of_length(*parse_length(constraints.length)),
    }
    for name, other in others.items():
        if not other:
            continue
        used.append(f"{name}={getattr(constraints, name)}")
        try:
            grammar = intersect(grammar, other)
        except EmptyLanguage as error:
            raise EmptyLanguage(f"No text satisfies {' and '.join(used)} at once; ask for less.") from error
    return grammar


def _matching(pattern: str) -> Grammar:
    try:
        return byte_grammar(character_automaton(pattern))
    except TooManyStates as error:
        raise pattern_too_large(pattern) from error


@functools.cache
def any_text() -> Grammar:
    """Returns the automaton over bytes of all texts: valid UTF-8."""
    return byte_grammar(character_automaton(ANY_TEXT))


def starting_with(beginning: str) -> Grammar:
    """Returns the automaton of byte strings that start with `beginning`."""
    return prepend(byte_ids(beginning.encode()).tolist(), unconstrained(BYTE_VOCABULARY_SIZE))


def of_length(minimum: int, maximum: int | None) -> Grammar:
    """Returns the automaton of texts with so many characters. Continuation bytes of UTF-8 are not counted."""
    limit = minimum if maximum is None else maximum
    if limit * any_text().state_count >= MAX_STATES:
        raise TooManyStates(f"A length of {limit} needs more than {MAX_STATES} states; ask for a shorter text.")
    starts_character = np.ones(BYTE_VOCABULARY_SIZE, bool)
    starts_character[[BOS, EOS, *byte_ids(bytes(range(0x80, 0xC0)))]] = False
    return count(unconstrained(BYTE_VOCABULARY_SIZE), starts_character, minimum, maximum)


def without(forbidden: list[str]) -> Grammar:
    """Returns the automaton of byte strings that contain none of `forbidden`."""
    return avoid([byte_ids(text.encode()).tolist() for text in forbidden], BYTE_VOCABULARY_SIZE)

"""What can be asked of a text: that it matches a pattern, how long it is, how it begins, what must not stand in it.

Each is a grammar over bytes; their product is what is sampled from, once `lifting` has made it one over tokens.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from seqgen import BOS, EOS, EmptyLanguage, Grammar, Options, TooManyStates
from seqgen.grammar import MAX_STATES, avoid, count, intersect, prepend, unconstrained
from seqgen_text.regex import ANYTHING, automaton
from seqgen_text.tokenization.tokenizer import FIRST_ID as FIRST
from seqgen_text.utf8 import VOCABULARY, byte_grammar, byte_ids

LENGTH = re.compile(r"(\d{1,7})?(-)?(\d{1,7})?")
BETWEEN = "|"


class TextConstraints(Options):
    """What can be asked of a text. With a prompt, it is asked of what follows the prompt."""

    pattern: str | None = Field(default=None, description="a regular expression that the whole text matches")
    length: str | None = Field(default=None, description="characters: 80 is exactly, 20-80 between, -80 at most")
    must_start: str | None = Field(default=None, description="how the text begins")
    forbid: str | None = Field(default=None, description=f"what must not stand in it; several with {BETWEEN} between")

    @field_validator("length", mode="before")
    @classmethod
    def length_is_readable(cls, value: Any) -> str | None:
        if value is None:
            return None
        least, most = parse_length(str(value))
        if most is not None and most < least:
            raise ValueError("the least is more than the most")
        return str(value)

    @field_validator("forbid")
    @classmethod
    def forbid_is_not_everything(cls, value: str | None) -> str | None:
        if value is not None and not all(value.split(BETWEEN)):
            raise ValueError("nothing at all stands in every text")
        return value


def parse_length(text: str) -> tuple[int, int | None]:
    """Least and most characters (None: any number); raises ValueError."""
    found = LENGTH.fullmatch(text)
    if not found or not (found[1] or found[3]):
        raise ValueError("a length is 80, 20-80, 20- or -80")
    least = int(found[1] or 0)
    if not found[2]:
        return least, least
    return least, int(found[3]) if found[3] else None


def wanted_bytes(constraints: TextConstraints) -> Grammar:
    """The grammar over bytes of all texts that have what is asked for.

    Raises InvalidValue for a pattern that no automaton can be made of, ImpossibleConstraints when there are no such
    texts, or too much is asked for.
    """
    grammar = any_text() if constraints.pattern is None else byte_grammar(automaton(constraints.pattern))
    asked = ["the pattern"] if constraints.pattern is not None else []
    others = {
        "must_start": constraints.must_start and starting(constraints.must_start.encode("utf-8")),
        "forbid": constraints.forbid and without([part.encode("utf-8") for part in constraints.forbid.split(BETWEEN)]),
        "length": constraints.length and of_length(*parse_length(constraints.length)),
    }
    for name, other in others.items():
        if not other:
            continue
        asked.append(f"{name}={getattr(constraints, name)}")
        try:
            grammar = intersect(grammar, other)
        except EmptyLanguage as error:
            raise EmptyLanguage(f"No text has {' and '.join(asked)} at once; ask for less.") from error
    return grammar


@functools.cache
def any_text() -> Grammar:
    """The grammar over bytes of all texts: UTF-8."""
    return byte_grammar(automaton(ANYTHING))


def starting(prefix: bytes) -> Grammar:
    """What begins with `prefix`."""
    return prepend(byte_ids(prefix).tolist(), unconstrained(VOCABULARY))


def of_length(least: int, most: int | None) -> Grammar:
    """What has so many characters: bytes that begin one are counted, continuation bytes are not."""
    last = least if most is None else most
    if last * any_text().state_count >= MAX_STATES:
        raise TooManyStates(f"A length of {last} needs more than {MAX_STATES} states; ask for a shorter text.")
    begins_character = np.ones(VOCABULARY, bool)
    begins_character[[BOS, EOS]] = begins_character[FIRST + 0x80 : FIRST + 0xC0] = False
    return count(unconstrained(VOCABULARY), begins_character, least, most)


def without(forbidden: list[bytes]) -> Grammar:
    """Where none of `forbidden` stands."""
    return avoid([byte_ids(part).tolist() for part in forbidden], VOCABULARY)

"""Automata over characters → grammars over bytes: UTF-8 is read a byte at a time, and nothing else is UTF-8.

The characters of one length form a tree over their bytes (Unicode, table 3-7: well-formed sequences). A state is either
between two characters or inside one; inside, all that counts is where each continuation leads, so states of which every
continuation leads to the same places are one.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqgen import EOS, Grammar
from seqgen.grammar import build_grammar
from seqgen_text.regex import FIRST, Automaton

VOCABULARY = 258
"""BOS, EOS and 256 bytes: the byte b is token 2 + b."""
LEADS = ((0x00, 0x7F, 0x00, 1, 0), (0xC2, 0xDF, 0xC0, 64, 0x80), (0xE0, 0xEF, 0xE0, 64**2, 0x800),
         (0xF0, 0xF4, 0xF0, 64**3, 0x10000))  # fmt: skip
"""First bytes: from, to; what to take off, for how many code points each stands, the least of that length."""


def byte_ids(data: bytes) -> np.ndarray:
    """The tokens of bytes, int32[n]."""
    return FIRST + np.frombuffer(data, np.uint8).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Inside:
    """A place inside a character: byte ranges (first, last), and where they lead: a class or state, or further in."""

    ranges: tuple[tuple[int, int, int | _Inside], ...]


class _Places:
    """Places inside characters, of which equal ones are one and the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[int, int, int | _Inside], ...], _Inside] = {}

    def place(self, found: Iterator[tuple[int, int, int | _Inside | None]]) -> _Inside | None:
        """The place from which byte ranges lead on, neighbours to one place joined; None where nothing does."""
        joined: list[tuple[int, int, int | _Inside]] = []
        for first, last, target in found:
            if target is None:
                continue
            if joined and joined[-1][1] == first - 1 and joined[-1][2] == target:
                joined[-1] = (joined[-1][0], last, target)
            else:
                joined.append((first, last, target))
        ranges = tuple(joined)
        return self._known.setdefault(ranges, _Inside(ranges)) if ranges else None


def byte_grammar(automaton: Automaton) -> Grammar:
    """The grammar over bytes of what an automaton over characters accepts, all states of one class."""
    places, characters = _Places(), automaton.grammar
    tree = _tree(automaton, places)
    between: dict[int, _Inside | None] = {}

    def continuations(state: int) -> _Inside | None:
        """The tree of all characters with the states that they lead to from `state` in place of their classes."""
        seen: dict[_Inside, _Inside | None] = {}

        def led(target: int | _Inside) -> int | _Inside | None:
            if isinstance(target, int):
                token = FIRST + target
                return int(characters.next_state[state, token]) if characters.allowed[state, token] else None
            if target not in seen:
                seen[target] = places.place((first, last, led(further)) for first, last, further in target.ranges)
            return seen[target]

        found = led(tree) if tree else None
        assert not isinstance(found, int)
        return found

    def moves(state: int | _Inside) -> Iterator[tuple[int, int | _Inside]]:
        inside: _Inside | None
        if isinstance(state, int):
            if characters.allowed[state, EOS]:
                yield EOS, state
            if state not in between:
                between[state] = continuations(state)
            inside = between[state]
        else:
            inside = state
        for first, last, target in inside.ranges if inside else ():
            for byte in range(first, last + 1):
                yield FIRST + byte, target

    start: int | _Inside = characters.start
    return build_grammar(VOCABULARY, start, moves, state_class=lambda state: 0)


def _tree(automaton: Automaton, places: _Places) -> _Inside | None:
    """The bytes of every character, which lead to its class."""

    def under(first: int, size: int, least: int) -> int | _Inside | None:
        """Where the `size` code points from `first` lead, by their continuation bytes; none below `least`."""
        if first + size <= least:
            return None
        part = bisect.bisect_right(automaton.starts, first) - 1
        end = automaton.starts[part + 1] if part + 1 < len(automaton.starts) else first + size
        kind: int | _Inside | None = automaton.classes[part] if automaton.classes[part] >= 0 else None
        if size == 1:
            return kind
        if first + size <= end and (first >= least or kind is None):
            while size > 1 and kind is not None:
                size //= 64
                kind = places.place(iter([(0x80, 0xBF, kind)]))
            return kind
        size //= 64
        return places.place((0x80 + n, 0x80 + n, under(first + n * size, size, least)) for n in range(64))

    return places.place(
        (lead, lead, under((lead - base) * size, size, least))
        for low, high, base, size, least in LEADS
        for lead in range(low, high + 1)
    )

"""Automata over characters become automata over the bytes of UTF-8. Invalid UTF-8 is never accepted.

The characters form a trie over their bytes (Unicode, table 3-7: well-formed byte sequences). A state of the byte
automaton is either between two characters or a node of the trie. Nodes with equal continuations are one node.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from seqgen import EOS, Grammar
from seqgen.grammar import build_grammar
from seqgen_text.regex import MAX_PATTERN_STATES, CharacterAutomaton
from seqgen_text.tokenization.tokenizer import FIRST_ID

BYTE_VOCABULARY_SIZE = FIRST_ID + 256
"""BOS, EOS and 256 bytes: the byte b is the token FIRST_ID + b."""
LEAD_BYTES = ((0x00, 0x7F, 0x00, 1, 0), (0xC2, 0xDF, 0xC0, 64, 0x80), (0xE0, 0xEF, 0xE0, 64**2, 0x800),
              (0xF0, 0xF4, 0xF0, 64**3, 0x10000))  # fmt: skip
"""For each length of a character: the first and the last lead byte, the base that is subtracted from a lead byte, the
number of code points of one lead byte, and the first code point of that length."""


def byte_ids(data: bytes) -> np.ndarray:
    """Returns the tokens of bytes: int32[n]."""
    return FIRST_ID + np.frombuffer(data, np.uint8).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Node:
    """A position inside a character: ranges of bytes (first, last, target).

    A target is a further node or, after the last byte of a character, an integer: its class, or a state.
    """

    ranges: tuple[tuple[int, int, int | _Node], ...]


class _Nodes:
    """All nodes. There is one for equal ranges, so that nodes are compared by identity."""

    def __init__(self) -> None:
        self._by_ranges: dict[tuple[tuple[int, int, int | _Node], ...], _Node] = {}

    def node(self, ranges: Iterable[tuple[int, int, int | _Node | None]]) -> _Node | None:
        """Returns the node of ranges in ascending order, or None if no range has a target. Neighbours are merged."""
        merged: list[tuple[int, int, int | _Node]] = []
        for first, last, target in ranges:
            if target is None:
                continue
            if merged and merged[-1][1] == first - 1 and merged[-1][2] == target:
                merged[-1] = (merged[-1][0], last, target)
            else:
                merged.append((first, last, target))
        key = tuple(merged)
        return self._by_ranges.setdefault(key, _Node(key)) if key else None


def byte_grammar(automaton: CharacterAutomaton) -> Grammar:
    """Returns the automaton over bytes of the texts that `automaton` accepts. It has one state class.

    Raises TooManyStates for more than MAX_PATTERN_STATES.
    """
    nodes, characters = _Nodes(), automaton.grammar
    root = _trie(automaton, nodes)
    tries: dict[int, _Node | None] = {}

    def trie_from(state: int) -> _Node | None:
        """Returns the trie with the next state after each character in place of its class."""
        replaced: dict[_Node, _Node | None] = {}

        def replace(target: int | _Node) -> int | _Node | None:
            if isinstance(target, int):
                token = FIRST_ID + target
                return int(characters.next_state[state, token]) if characters.allowed[state, token] else None
            if target not in replaced:
                replaced[target] = nodes.node((first, last, replace(further)) for first, last, further in target.ranges)
            return replaced[target]

        found = replace(root) if root else None
        assert not isinstance(found, int)
        return found

    def moves(state: int | _Node) -> Iterator[tuple[int, int | _Node]]:
        node: _Node | None
        if isinstance(state, int):
            if characters.allowed[state, EOS]:
                yield EOS, state
            if state not in tries:
                tries[state] = trie_from(state)
            node = tries[state]
        else:
            node = state
        for first, last, target in node.ranges if node else ():
            for byte in range(first, last + 1):
                yield FIRST_ID + byte, target

    start: int | _Node = characters.start
    return build_grammar(BYTE_VOCABULARY_SIZE, start, moves, state_class=lambda state: 0, max_states=MAX_PATTERN_STATES)


def _trie(automaton: CharacterAutomaton, nodes: _Nodes) -> _Node | None:
    """Returns the root of the trie of all characters, which leads to their classes."""

    def subtrie(first: int, size: int, minimum: int) -> int | _Node | None:
        """Returns where the `size` code points from `first` lead. Those below `minimum` lead nowhere."""
        if first + size <= minimum:
            return None
        part = bisect.bisect_right(automaton.starts, first) - 1
        end = automaton.starts[part + 1] if part + 1 < len(automaton.starts) else first + size
        target: int | _Node | None = automaton.classes[part] if automaton.classes[part] >= 0 else None
        if size == 1:
            return target
        if first + size <= end and (first >= minimum or target is None):
            # All of these code points are of one class.
            while size > 1 and target is not None:
                size //= 64
                target = nodes.node([(0x80, 0xBF, target)])
            return target
        size //= 64
        return nodes.node((0x80 + n, 0x80 + n, subtrie(first + n * size, size, minimum)) for n in range(64))

    return nodes.node(
        (lead, lead, subtrie((lead - base) * size, size, minimum))
        for low, high, base, size, minimum in LEAD_BYTES
        for lead in range(low, high + 1)
    )

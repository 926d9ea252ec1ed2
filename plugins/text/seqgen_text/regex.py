"""Regular expressions become automata over classes of characters.

Python's own `re` defines what a pattern means: its parser gives the syntax tree, and `re` itself says which characters
are in a class such as `\\w`. So the automaton accepts what `re.fullmatch` accepts, by construction. (Libraries that
make automata of patterns have parsers of their own: interegular 0.3.3 takes `\\d` and `\\w` for ASCII.) The tree
becomes a nondeterministic automaton with epsilon transitions (Thompson 1968). The subset construction (Rabin & Scott
1959) makes it deterministic. Characters that no part of the pattern tells apart share a class.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]
from typing import Any

import numpy as np

from seqgen import EOS, EmptyLanguage, Grammar, InvalidValue, TooManyStates
from seqgen.grammar import build_grammar, trim
from seqgen_text.tokenization.tokenizer import FIRST_ID

SURROGATES = (0xD800, 0xE000)
CODE_POINTS = 0x110000
ANY_TEXT = "(?s:.*)"
"""The pattern that matches every text."""
MAX_PATTERN_STATES = 40_000
MAX_STEPS = 1_500_000
"""Bounds the time to about two seconds: how many transitions of the nondeterministic automaton are followed."""
CHARACTER_SET_FLAGS = re.ASCII | re.LOCALE | re.UNICODE
_ANCHORS = {
    _constants.AT_BEGINNING: "start", _constants.AT_BEGINNING_STRING: "start",
    _constants.AT_END: "end", _constants.AT_END_STRING: "end",
}  # fmt: skip
_UNSUPPORTED = {
    _constants.ASSERT: "looks ahead or behind",
    _constants.ASSERT_NOT: "looks ahead or behind",
    _constants.GROUPREF: "refers back to a group",
    _constants.GROUPREF_EXISTS: "refers back to a group",
    _constants.ATOMIC_GROUP: "has an atomic group",
    _constants.POSSESSIVE_REPEAT: "has a possessive repeat",
}
Ranges = tuple[tuple[int, int], ...]
"""Code points: the first and the end (exclusive) of each run."""


@dataclass(frozen=True)
class CharacterAutomaton:
    """A deterministic automaton over classes of code points.

    grammar: the token FIRST_ID + n is the class n
    starts:  the code points at which another class begins, from 0 on
    classes: the class that begins at each of `starts`; -1 for characters that the pattern or every text lacks
    """

    grammar: Grammar
    starts: tuple[int, ...]
    classes: tuple[int, ...]


def character_automaton(pattern: str) -> CharacterAutomaton:
    """Returns the automaton of the texts that `re.fullmatch(pattern, text)` matches.

    Raises InvalidValue for a pattern that is invalid or not regular, and ImpossibleConstraints if it matches nothing or
    its automaton is too large.
    """
    nfa = _Nfa(pattern)
    sets = list(dict.fromkeys(ranges for transitions in nfa.transitions for ranges, _ in transitions))
    starts, memberships = _partition(sets)
    classes = list(dict.fromkeys(membership for membership in memberships if membership))
    classes_of = {
        ranges: [number for number, membership in enumerate(classes) if membership >> bit & 1]
        for bit, ranges in enumerate(sets)
    }

    def moves(state: frozenset[int]) -> Iterator[tuple[int, frozenset[int]]]:
        if nfa.end in state:
            yield EOS, state
        targets: dict[int, set[int]] = {}
        for origin in state:
            for ranges, target in nfa.transitions[origin]:
                nfa.count_steps(len(classes_of[ranges]))
                for number in classes_of[ranges]:
                    targets.setdefault(number, set()).add(target)
        for number, reached in sorted(targets.items()):
            yield FIRST_ID + number, nfa.closure(frozenset(reached))

    start = nfa.closure(frozenset([nfa.start]))
    try:
        grammar = trim(
            build_grammar(
                FIRST_ID + len(classes), start, moves, state_class=lambda state: 0, max_states=MAX_PATTERN_STATES
            )
        )
    except EmptyLanguage as error:
        raise EmptyLanguage(f"No text matches the pattern {quoted(pattern)}; ask for another one.") from error
    except TooManyStates as error:
        raise pattern_too_large(pattern) from error
    numbers = tuple(classes.index(membership) if membership else -1 for membership in memberships)
    return CharacterAutomaton(grammar, starts, numbers)


class _Nfa:
    """A nondeterministic automaton with epsilon transitions.

    transitions: for each state, sets of code points and the states that they lead to
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._steps = 0
        self._epsilon: list[list[int]] = []
        self.transitions: list[list[tuple[Ranges, int]]] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = _parser.parse(pattern)
            self.start = self._state()
            self.end = self._sequence(list(tree), self.start, tree.state.flags, frozenset({"start", "end"}))
        except RecursionError as error:
            raise InvalidValue(
                f"The pattern {quoted(pattern)} has too many groups within groups; ask for a simpler one."
            ) from error
        except (re.error, OverflowError) as error:
            raise InvalidValue(f"The pattern {quoted(pattern)} is not a regular expression: {error}.") from error

    def count_steps(self, count: int) -> None:
        """Raises TooManyStates after MAX_STEPS steps."""
        self._steps += count
        if self._steps > MAX_STEPS:
            raise pattern_too_large(self._pattern)

    def closure(self, states: frozenset[int]) -> frozenset[int]:
        """Returns the states that epsilon transitions reach, but for those that have no other transitions."""
        seen, queue = set(states), list(states)
        while queue:
            targets = self._epsilon[queue.pop()]
            self.count_steps(1 + len(targets))
            for target in targets:
                if target not in seen:
                    seen.add(target)
                    queue.append(target)
        return frozenset(state for state in seen if self.transitions[state] or state == self.end)

    def _state(self) -> int:
        if len(self.transitions) >= MAX_PATTERN_STATES:
            raise pattern_too_large(self._pattern)
        self._epsilon.append([])
        self.transitions.append([])
        return len(self.transitions) - 1

    def _sequence(self, nodes: Sequence[Any], state: int, flags: int, edges: frozenset[str]) -> int:
        """Adds `nodes` one after another from `state`, and returns the state after them.

        edges: the edges of the text, "start" and "end", at which the nodes are
        """
        anchors = [node[0] is _constants.AT for node in nodes]
        for number, node in enumerate(nodes):
            at = {"start"} if all(anchors[:number]) else set()
            at |= {"end"} if all(anchors[number + 1 :]) else set()
            state = self._node(node, state, flags, edges & at)
        return state

    def _node(self, node: Any, state: int, flags: int, edges: frozenset[str]) -> int:
        kind, value = node
        if kind is _constants.SUBPATTERN:
            _, added, removed, body = value
            # ASCII and Unicode replace each other.
            flags = flags & ~CHARACTER_SET_FLAGS if added & CHARACTER_SET_FLAGS else flags
            return self._sequence(list(body), state, (flags | added) & ~removed, edges)
        if kind is _constants.BRANCH:
            end = self._state()
            for body in value[1]:
                entry = self._state()
                self._epsilon[state].append(entry)
                self._epsilon[self._sequence(list(body), entry, flags, edges)].append(end)
            return end
        if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            minimum, maximum, body = value
            return self._repeat(minimum, maximum, body, state, flags)
        if kind is _constants.AT and _ANCHORS.get(value) in edges:
            return state
        if kind is _constants.AT:
            what = "an anchor inside" if value in _ANCHORS else "the edge of a word"
            raise InvalidValue(f"The pattern {quoted(self._pattern)} has {what}, which is not supported; leave it out.")
        if kind in _UNSUPPORTED:
            raise InvalidValue(
                f"The pattern {quoted(self._pattern)} {_UNSUPPORTED[kind]}, which is not supported; leave it out."
            )
        target = self._state()
        self.transitions[state].append((code_points(kind, _frozen(value), flags), target))
        return target

    def _repeat(self, minimum: int, maximum: int, body: Any, state: int, flags: int) -> int:
        nodes, no_edges = list(body), frozenset[str]()
        for _ in range(minimum):
            before, state = state, self._sequence(nodes, state, flags, no_edges)
            if state == before:  # An empty group stays empty, however often it is repeated.
                break
        after = self._state()
        self._epsilon[state].append(after)
        if maximum is _constants.MAXREPEAT:
            self._epsilon[self._sequence(nodes, after, flags, no_edges)].append(after)
            return after
        for _ in range(maximum - minimum):
            before, state = state, self._sequence(nodes, state, flags, no_edges)
            if state == before:
                break
            self._epsilon[state].append(after)
        return after


def _partition(sets: Sequence[Ranges]) -> tuple[tuple[int, ...], list[int]]:
    """Returns the code points at which some set begins or ends, and which sets contain each part, as bits.

    Surrogates and what follows the last code point are in no set.
    """
    cuts = sorted({0, CODE_POINTS, *SURROGATES, *(edge for ranges in sets for run in ranges for edge in run)})
    numbers = {cut: number for number, cut in enumerate(cuts)}
    memberships = [0] * len(cuts)
    for bit, ranges in enumerate(sets):
        for first, end in ranges:
            for part in range(numbers[first], numbers[end]):
                if cuts[part] < SURROGATES[0] or cuts[part] >= SURROGATES[1]:
                    memberships[part] |= 1 << bit
    return tuple(cuts), memberships


def pattern_too_large(pattern: str) -> TooManyStates:
    return TooManyStates(f"The pattern {quoted(pattern)} needs too large an automaton; ask for a simpler one.")


def quoted(pattern: str) -> str:
    """Returns a pattern in quotes, for a message; of a long one the beginning and the end."""
    return repr(pattern if len(pattern) <= 100 else f"{pattern[:70]} … {pattern[-20:]}")


@functools.lru_cache(maxsize=512)
def code_points(kind: Any, value: Any, flags: int) -> Ranges:
    """Returns the characters that one node of a pattern matches, as `re` itself says."""
    if kind is _constants.LITERAL and not flags & re.IGNORECASE:
        return ((value, value + 1),)
    state = _parser.State()
    state.flags = flags
    node = (kind, list(value) if isinstance(value, tuple) else value)
    once = _parser.SubPattern(state, [node])
    runs = _parser.SubPattern(state, [(_constants.MAX_REPEAT, (1, _constants.MAXREPEAT, once))])
    gap, width = SURROGATES[0], SURROGATES[1] - SURROGATES[0]
    spans = (found.span() for found in _compiler.compile(runs, flags).finditer(_all_characters()))
    return tuple((a + width * (a >= gap), b + width * (b > gap)) for a, b in spans)


@functools.cache
def _all_characters() -> str:
    """Returns all characters but surrogates, in the order of their code points."""
    points = np.concatenate([np.arange(SURROGATES[0]), np.arange(SURROGATES[1], CODE_POINTS)])
    return points.astype("<u4").tobytes().decode("utf-32-le")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

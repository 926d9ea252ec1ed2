"""Regular expressions → automata over classes of characters.

Python's own `re` says what a pattern means: its parser gives the tree, and which characters a class such as `\\w` has
is asked of `re` itself. So what is accepted here is what `re.fullmatch` accepts, by construction. (The libraries that
make automata of patterns have parsers of their own: interegular 0.3.3 takes `\\d` and `\\w` for ASCII.) The tree
becomes an automaton with empty moves (Thompson 1968), and that a deterministic one by the subset construction (Rabin &
Scott 1959), which `build_grammar` is. Characters that no part of the pattern tells apart share a class.
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
from seqgen.grammar import MAX_STATES, build_grammar, trim

FIRST = 2
SURROGATES = (0xD800, 0xE000)
LAST = 0x110000
ANYTHING = "(?s:.*)"
TYPES = re.ASCII | re.LOCALE | re.UNICODE
_ANCHORS = {
    _constants.AT_BEGINNING: "start", _constants.AT_BEGINNING_STRING: "start",
    _constants.AT_END: "end", _constants.AT_END_STRING: "end",
}  # fmt: skip
_REFUSED = {
    _constants.ASSERT: "looks ahead or behind",
    _constants.ASSERT_NOT: "looks ahead or behind",
    _constants.GROUPREF: "refers back to a group",
    _constants.GROUPREF_EXISTS: "refers back to a group",
    _constants.ATOMIC_GROUP: "has an atomic group",
    _constants.POSSESSIVE_REPEAT: "has a possessive repeat",
}
Ranges = tuple[tuple[int, int], ...]
"""Code points: first and last (exclusive) of each run."""


@dataclass(frozen=True)
class Automaton:
    """A deterministic automaton over classes of code points.

    grammar: its tokens 2, 3 … are the classes 0, 1 …
    starts:  where in the order of code points a class begins, the first at 0
    classes: which one begins there; -1 where characters are that no text has, or this pattern has not
    """

    grammar: Grammar
    starts: tuple[int, ...]
    classes: tuple[int, ...]


def automaton(pattern: str) -> Automaton:
    """What `re.fullmatch(pattern, text)` accepts.

    Raises InvalidValue for what is no regular expression, or one that no automaton can be made of, and
    ImpossibleConstraints when it matches nothing or is too large.
    """
    machine = _Machine(pattern)
    sets = list(dict.fromkeys(ranges for moves in machine.moves for ranges, _ in moves))
    starts, members = _partition(sets)
    kinds = list(dict.fromkeys(member for member in members if member))
    classes_of = {
        ranges: [number for number, kind in enumerate(kinds) if kind >> place & 1] for place, ranges in enumerate(sets)
    }

    def moves(state: frozenset[int]) -> Iterator[tuple[int, frozenset[int]]]:
        if machine.end in state:
            yield EOS, state
        targets: dict[int, set[int]] = {}
        for origin in state:
            for ranges, target in machine.moves[origin]:
                for number in classes_of[ranges]:
                    targets.setdefault(number, set()).add(target)
        for number, reached in sorted(targets.items()):
            yield FIRST + number, machine.closed(frozenset(reached))

    start = machine.closed(frozenset([machine.start]))
    try:
        grammar = trim(build_grammar(FIRST + len(kinds), start, moves, state_class=lambda state: 0))
    except EmptyLanguage as error:
        raise EmptyLanguage(f"No text matches the pattern {pattern!r}; ask for another one.") from error
    except TooManyStates as error:
        raise TooManyStates(
            f"The pattern {pattern!r} needs more than {MAX_STATES} states; ask for a simpler one."
        ) from error
    return Automaton(grammar, starts, tuple(kinds.index(member) if member else -1 for member in members))


class _Machine:
    """A nondeterministic automaton with empty moves.

    moves: of each state, the sets of code points that lead on, and where to
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._empty: list[list[int]] = []
        self.moves: list[list[tuple[Ranges, int]]] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = _parser.parse(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise InvalidValue(f"The pattern {pattern!r} is no regular expression: {error}.") from error
        self.start = self._state()
        self.end = self._sequence(list(tree), self.start, tree.state.flags, frozenset({"start", "end"}))

    def closed(self, states: frozenset[int]) -> frozenset[int]:
        """With all that can be reached by empty moves; of these, the ones that matter."""
        seen, queue = set(states), list(states)
        while queue:
            for target in self._empty[queue.pop()]:
                if target not in seen:
                    seen.add(target)
                    queue.append(target)
        return frozenset(state for state in seen if self.moves[state] or state == self.end)

    def _state(self) -> int:
        if len(self.moves) >= MAX_STATES:
            raise TooManyStates(
                f"The pattern {self._pattern!r} needs more than {MAX_STATES} states; ask for a simpler one."
            )
        self._empty.append([])
        self.moves.append([])
        return len(self.moves) - 1

    def _sequence(self, nodes: Sequence[Any], state: int, flags: int, edges: frozenset[str]) -> int:
        """Lays `nodes` one after another from `state`; gives the state behind. `edges` are those of the text here."""
        anchors = [node[0] is _constants.AT for node in nodes]
        for place, node in enumerate(nodes):
            here = {"start"} if all(anchors[:place]) else set()
            here |= {"end"} if all(anchors[place + 1 :]) else set()
            state = self._node(node, state, flags, edges & here)
        return state

    def _node(self, node: Any, state: int, flags: int, edges: frozenset[str]) -> int:
        kind, value = node
        if kind is _constants.SUBPATTERN:
            _, added, removed, body = value
            # One of ASCII and Unicode takes the place of the other.
            flags = flags & ~TYPES if added & TYPES else flags
            return self._sequence(list(body), state, (flags | added) & ~removed, edges)
        if kind is _constants.BRANCH:
            done = self._state()
            for body in value[1]:
                entry = self._state()
                self._empty[state].append(entry)
                self._empty[self._sequence(list(body), entry, flags, edges)].append(done)
            return done
        if kind in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            least, most, body = value
            return self._repeat(least, most, body, state, flags)
        if kind is _constants.AT and _ANCHORS.get(value) in edges:
            return state
        if kind is _constants.AT:
            where = "an anchor inside" if value in _ANCHORS else "the edge of a word"
            raise InvalidValue(f"The pattern {self._pattern!r} asks for {where}, which no automaton can; leave it out.")
        if kind in _REFUSED:
            raise InvalidValue(f"The pattern {self._pattern!r} {_REFUSED[kind]}, which no automaton can; leave it out.")
        target = self._state()
        self.moves[state].append((code_points(kind, _frozen(value), flags), target))
        return target

    def _repeat(self, least: int, most: int, body: Any, state: int, flags: int) -> int:
        nodes, nowhere = list(body), frozenset[str]()
        for _ in range(least):
            state = self._sequence(nodes, state, flags, nowhere)
        after = self._state()
        self._empty[state].append(after)
        if most is _constants.MAXREPEAT:
            self._empty[self._sequence(nodes, after, flags, nowhere)].append(after)
            return after
        for _ in range(most - least):
            state = self._sequence(nodes, state, flags, nowhere)
            self._empty[state].append(after)
        return after


def _partition(sets: Sequence[Ranges]) -> tuple[tuple[int, ...], list[int]]:
    """Cuts the code points where some set begins or ends: the cuts, and of each part the sets it is in, as bits.

    Surrogates and what lies behind the last code point are in none.
    """
    cuts = sorted({0, LAST, *SURROGATES, *(edge for ranges in sets for run in ranges for edge in run)})
    place = {cut: number for number, cut in enumerate(cuts)}
    members = [0] * len(cuts)
    for number, ranges in enumerate(sets):
        for first, last in ranges:
            for part in range(place[first], place[last]):
                if cuts[part] < SURROGATES[0] or cuts[part] >= SURROGATES[1]:
                    members[part] |= 1 << number
    return tuple(cuts), members


@functools.lru_cache(maxsize=512)
def code_points(kind: Any, value: Any, flags: int) -> Ranges:
    """The characters that one node of a pattern matches, as `re` itself says."""
    if kind is _constants.LITERAL and not flags & re.IGNORECASE:
        return ((value, value + 1),)
    state = _parser.State()
    state.flags = flags
    node = (kind, list(value) if isinstance(value, tuple) else value)
    once = _parser.SubPattern(state, [node])
    runs = _parser.SubPattern(state, [(_constants.MAX_REPEAT, (1, _constants.MAXREPEAT, once))])
    gap, width = SURROGATES[0], SURROGATES[1] - SURROGATES[0]
    spans = (found.span() for found in _compiler.compile(runs, flags).finditer(_every_character()))
    return tuple((a + width * (a >= gap), b + width * (b > gap)) for a, b in spans)


@functools.cache
def _every_character() -> str:
    """All that a text can be made of, in the order of the code points."""
    points = np.concatenate([np.arange(SURROGATES[0]), np.arange(SURROGATES[1], LAST)])
    return points.astype("<u4").tobytes().decode("utf-32-le")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

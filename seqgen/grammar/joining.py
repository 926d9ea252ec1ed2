"""Grammars made of parts that follow one another: union, concatenation and repetition.

Each operation first gives a nondeterministic automaton: the states of all parts side by side and, wherever a part may
end, the states in which the next parts begin (Thompson 1968, *Regular expression search algorithm*). The subset
construction (Rabin & Scott 1959, *Finite automata and their decision problems*) makes it deterministic: a state of the
result is a set of states of the parts. Where a token says which part it belongs to, the sets have one member, and their
rows are copied in one piece; only the other rows are worked out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from seqgen.errors import TooManyStates
from seqgen.grammar.automaton import MAX_STATES, Grammar
from seqgen.grammar.building import sequences
from seqgen.grammar.reachability import compact
from seqgen.grammar.special_tokens import EOS

BLOCK_CELLS = 2**22
"""The number of table cells of merged states that are worked out at once."""
END = 0
"""The state of the joined automaton from which the document can only end."""


class Part(NamedTuple):
    """A part of the documents of a joined automaton.

    following:    the numbers of the parts that may begin where this one ends
    may_be_last:  whether a document may end where this part ends
    may_be_empty: whether the empty sequence of the part's grammar counts, if it accepts it
    """

    grammar: Grammar
    following: Sequence[int] = ()
    may_be_last: bool = False
    may_be_empty: bool = True


def union(*grammars: Grammar, max_states: int = MAX_STATES) -> Grammar:
    """L(union(A, B, …)) = L(A) ∪ L(B) ∪ …. Raises TooManyStates."""
    parts = [Part(grammar, may_be_last=True) for grammar in grammars]
    return compact(join(parts, range(len(parts)), max_states=max_states))


def concatenate(*grammars: Grammar, max_states: int = MAX_STATES) -> Grammar:
    """L(concatenate(A, B, …)) = {a b … : a ∈ L(A), b ∈ L(B), …}. Raises TooManyStates."""
    last = len(grammars) - 1
    parts = [Part(grammar, range(number + 1, last + 1)[:1], number == last) for number, grammar in enumerate(grammars)]
    return compact(join(parts, [0], max_states=max_states))


def prepend(ids: Sequence[int], grammar: Grammar, *, max_states: int = MAX_STATES) -> Grammar:
    """L(prepend(i, G)) = {i d : d ∈ L(G)}: documents that begin with `ids`, BOS left out, and go on by the grammar.

    A state within `ids` has the class of the grammar's start. Raises TooManyStates.
    """
    beginning = sequences([ids], grammar.vocabulary_size, int(grammar.state_class[grammar.start]))
    return concatenate(beginning, grammar, max_states=max_states)


def repeat(grammar: Grammar, minimum: int = 0, maximum: int | None = None, *, max_states: int = MAX_STATES) -> Grammar:
    """L(repeat(A, m, n)) = {a₁ … aₖ : m ≤ k ≤ n, each aᵢ ∈ L(A)}; without `maximum`, k has no upper bound.

    Raises ValueError unless 0 ≤ minimum ≤ maximum and 1 ≤ maximum, TooManyStates.
    """
    if minimum < 0 or (maximum is not None and maximum < max(minimum, 1)):
        raise ValueError(f"a grammar cannot be repeated {minimum} to {maximum} times")
    # Empty repetitions change nothing but the minimum.
    minimum = 0 if grammar.allowed[grammar.start, EOS] else minimum
    copies = maximum or max(minimum, 1)
    parts = [
        Part(grammar, [min(number + 1, copies - 1)] if maximum is None or number + 1 < copies else (),
             may_be_last=number + 1 >= minimum, may_be_empty=False)
        for number in range(copies)
    ]  # fmt: skip
    return compact(join(parts, [0], accepts_empty=minimum == 0, max_states=max_states))


def optional(grammar: Grammar, *, max_states: int = MAX_STATES) -> Grammar:
    """L(optional(A)) = L(A) ∪ {the empty sequence}. Raises TooManyStates."""
    return repeat(grammar, 0, 1, max_states=max_states)


def join(
    parts: Sequence[Part], first: Iterable[int], *, accepts_empty: bool = False, max_states: int = MAX_STATES
) -> Grammar:
    """Returns the grammar of documents that begin with one of the parts `first` and go on as the parts say.

    `accepts_empty` adds the empty sequence. The other operations of this module call this one. Its result may contain
    states that cannot be reached. Raises ValueError for a part with a budget, TooManyStates.
    """
    if any(part.grammar.budget for part in parts):
        raise ValueError("a grammar with a budget cannot be joined with others")
    states = _States(parts)
    start = {state for number in first for state in states.entered(number)} | ({END} if accepts_empty else set())
    subsets = _Subsets(states, max_states)
    return subsets.grammar(subsets.number_of(start))


class _States:
    """The states of all parts side by side, after END: the tables of the nondeterministic automaton."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        grammars = [part.grammar for part in parts]
        self.first = 1 + np.cumsum([0, *(grammar.state_count for grammar in grammars)])
        end = np.arange(grammars[0].vocabulary_size)[None] == EOS
        self.allowed = np.concatenate([end, *(grammar.allowed for grammar in grammars)])
        self.next_state = np.concatenate(
            [np.zeros(end.shape, np.int32), *(g.next_state + f for g, f in zip(grammars, self.first, strict=False))],
            dtype=np.int32,
        )
        self.state_class = np.concatenate([[0], *(grammar.state_class for grammar in grammars)])
        self._entered: dict[int, frozenset[int]] = {}

    def entered(self, number: int) -> frozenset[int]:
        """Returns the states in which a document may be where a part begins.

        There is more than one if the part may be empty.
        """
        if number not in self._entered:
            found, queue, seen = set[int](), [number], {number}
            while queue:
                part = self._parts[queue[-1]]
                found.add(int(self.first[queue.pop()]) + part.grammar.start)
                if part.may_be_empty and part.grammar.allowed[part.grammar.start, EOS]:
                    queue += [more for more in part.following if more not in seen]
                    seen.update(part.following)
            self._entered[number] = frozenset(found)
        return self._entered[number]

    def ends(self) -> Iterable[tuple[np.ndarray, frozenset[int]]]:
        """Returns the states in which each part may end, and the states that its following parts begin in."""
        for part, first in zip(self._parts, self.first, strict=False):
            following = frozenset[int]().union(*(self.entered(number) for number in part.following))
            yield first + np.flatnonzero(part.grammar.allowed[:, EOS]), following

    def forbid_inner_ends(self) -> None:
        """Forbids EOS in the parts that cannot be the last."""
        for part, first in zip(self._parts, self.first, strict=False):
            if not part.may_be_last:
                self.allowed[first : first + part.grammar.state_count, EOS] = False


class _Subsets:
    """The subset construction. A set with one member has its member's number; the others are numbered after them."""

    def __init__(self, states: _States, max_states: int) -> None:
        self._states = states
        self._max_states = max_states
        self._numbers: dict[tuple[int, ...], int] = {}
        self._members: list[tuple[int, ...]] = []
        self._check_size()
        ends = list(states.ends())
        states.forbid_inner_ends()
        # The set that each state leads into: the state itself and the start states of the parts that may follow it.
        self._set_of = np.arange(len(states.allowed), dtype=np.int32)
        for ending, following in ends:
            goes_on = states.allowed[ending].any(1)
            for state, stays in zip(ending.tolist(), goes_on.tolist(), strict=True) if following else ():
                self._set_of[state] = self.number_of(following | {state} if stays else following)

    def number_of(self, members: Iterable[int]) -> int:
        """Returns the number of a set of states. Raises TooManyStates."""
        key = tuple(sorted(members))
        if len(key) == 1:
            return key[0]
        if key not in self._numbers:
            self._numbers[key] = len(self._states.allowed) + len(self._members)
            self._members.append(key)
            self._check_size()
        return self._numbers[key]

    def _check_size(self) -> None:
        if len(self._states.allowed) + len(self._members) > self._max_states:
            raise TooManyStates(f"The grammar needs more than {self._max_states} states; ask for less at once.")

    def grammar(self, start: int) -> Grammar:
        """Returns the deterministic automaton from the set `start`."""
        states, single = self._states, len(self._states.allowed)
        allowed, next_state = [states.allowed], [self._set_of[states.next_state]]
        done = 0
        while done < len(self._members):
            block = self._block(done)
            rows = self._rows(np.array(block))
            allowed.append(rows[0])
            next_state.append(rows[1])
            done += len(block)
        # A set has the class of its last member, which belongs to the last of the parts that it could be in.
        last = [*range(single), *(members[-1] for members in self._members)]
        return Grammar(np.concatenate(allowed), np.concatenate(next_state), start, states.state_class[last])

    def _block(self, first: int) -> list[tuple[int, ...]]:
        """Sets of one size that stand side by side, from the set number `first` on."""
        size = len(self._members[first])
        most = max(1, BLOCK_CELLS // (size * self._states.allowed.shape[1]))
        block = []
        for members in self._members[first : first + most]:
            if len(members) != size:
                break
            block.append(members)
        return block

    def _rows(self, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the rows of sets int[n, m] of states.

        A row says which tokens a set allows, and the number of the set after each.
        """
        allowed = self._states.allowed[members]
        targets = np.where(allowed, self._set_of[self._states.next_state[members]], -1)
        following = targets.max(1)
        # Members that lead to different sets by one token lead to the union of these.
        differ = ((targets != following[:, None]) & allowed).any(1)
        differ[:, EOS] = False
        for row in np.flatnonzero(differ.any(1)).tolist():
            tokens = np.flatnonzero(differ[row])
            kinds, kind_of = np.unique(targets[row][:, tokens], axis=1, return_inverse=True)
            unions = [self.number_of(self._union(kind)) for kind in kinds.T.tolist()]
            following[row, tokens] = np.array(unions)[kind_of.ravel()]
        return allowed.any(1), following

    def _union(self, sets: list[int]) -> set[int]:
        single = len(self._states.allowed)
        members = [[number] if number < single else self._members[number - single] for number in sets if number >= 0]
        return {state for some in members for state in some}

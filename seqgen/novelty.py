"""Novelty: the longest passage of each sample that stands in the training corpus, word for word.

The samples become a suffix automaton (Blumer et al. 1985), which reads the corpus once: after each token it knows the
longest passage that ends there and stands in some sample. Memory is a few states a token of the samples, whatever the
size of the corpus; time is linear in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from seqgen.grammar import BOS, EOS


def longest_copies(samples: Sequence[np.ndarray], corpus: Iterable[np.ndarray]) -> list[int]:
    """Of each sample, ids int32[n], how many tokens its longest passage has that stands in a document of `corpus`.

    BOS and EOS count on neither side.
    """
    automaton = _SuffixAutomaton(_content(ids) for ids in samples)
    for document in corpus:
        automaton.read(_content(document))
    return automaton.longest()


def _content(ids: np.ndarray) -> list[int]:
    return [number for number in ids.tolist() if number not in (BOS, EOS)]


class _SuffixAutomaton:
    """The smallest automaton that accepts every passage of every text.

    A state stands for the passages that end at the same places: the longest of them, and its ends down to one token
    more than the longest passage of the state that it is linked to.
    """

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        self._next: list[dict[int, int]] = [{}]
        self._link = [-1]
        self._length = [0]
        self._ends: list[list[int]] = []
        for text in texts:
            # Each text begins anew at the root: no passage spans two.
            last, ends = 0, []
            for token in text:
                last = self._extend(last, token)
                ends.append(last)
            self._ends.append(ends)
        self._matched = [0] * len(self._next)

    def read(self, tokens: Iterable[int]) -> None:
        """Notes in each state the longest of its passages that stands in `tokens`."""
        following, link, length, matched = self._next, self._link, self._length, self._matched
        state = size = 0
        for token in tokens:
            while state and token not in following[state]:
                state = link[state]
                size = length[state]
            if token in following[state]:
                state = following[state][token]
                size += 1
                if size > matched[state]:
                    matched[state] = size

    def longest(self) -> list[int]:
        """The longest passage of each text that was met."""
        by_length = sorted(range(1, len(self._link)), key=self._length.__getitem__, reverse=True)
        for state in by_length:
            # The ends of what was met were met as well.
            if self._matched[state] and self._link[state] > 0:
                self._matched[self._link[state]] = self._length[self._link[state]]
        return [max((self._ending_in(state) for state in ends), default=0) for ends in self._ends]

    def _ending_in(self, state: int) -> int:
        """The longest passage met that ends where the longest passage of `state` does."""
        while state > 0 and not self._matched[state]:
            state = self._link[state]
        return self._matched[state] if state > 0 else 0

    def _extend(self, last: int, token: int) -> int:
        """The state of a text that was in `last`, one token further."""
        known = self._next[last].get(token)
        if known is not None:
            return known if self._length[known] == self._length[last] + 1 else self._split(last, token, known)
        state = self._state({}, 0, self._length[last] + 1)
        while last >= 0 and token not in self._next[last]:
            self._next[last][token] = state
            last = self._link[last]
        if last >= 0:
            known = self._next[last][token]
            fits = self._length[known] == self._length[last] + 1
            self._link[state] = known if fits else self._split(last, token, known)
        return state

    def _split(self, last: int, token: int, known: int) -> int:
        """A state for those passages of `known` that are no longer than what led to it from `last`."""
        state = self._state(dict(self._next[known]), self._link[known], self._length[last] + 1)
        self._link[known] = state
        while last >= 0 and self._next[last].get(token) == known:
            self._next[last][token] = state
            last = self._link[last]
        return state

    def _state(self, following: dict[int, int], link: int, length: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._length.append(length)
        return len(self._link) - 1
